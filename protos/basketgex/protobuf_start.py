"""protobuf without its implementation in Python, where the compiled one serves.

``google.protobuf.descriptor_pool`` imports ``python_message`` whichever implementation is in use, and that the text format, the
decoder and pickle: a tenth of the time to a sheet's first value. A module that loads the real one once somebody asks anything
of it stands in its place; where the implementation in Python serves, nothing is changed.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

from google.protobuf import internal
from google.protobuf.internal import api_implementation

_MODULE = "python_message"
_NAME = f"{internal.__name__}.{_MODULE}"


def postpone() -> None:
    """Put off loading the implementation in Python until it is asked for."""
    if api_implementation.Type() == "upb" and _NAME not in sys.modules:
        stand_in = ModuleType(_NAME, "Loaded when asked for.")
        stand_in.__getattr__ = lambda name: getattr(_real(stand_in), name)  # type: ignore[method-assign]
        sys.modules[_NAME] = stand_in
        setattr(internal, _MODULE, stand_in)  # as an import does


def _real(stand_in: ModuleType) -> ModuleType:
    if sys.modules.get(_NAME) is stand_in:
        del sys.modules[_NAME]
    return importlib.import_module(_NAME)
