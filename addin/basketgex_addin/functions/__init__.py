"""The worksheet functions: one table, and a file for each kind of them."""

from basketgex_addin.functions.explain import CELL
from basketgex_addin.functions.moments import TRIGGER, ZONE
from basketgex_addin.functions.names import TOP
from basketgex_addin.functions.record import (
    SYMBOL,
    SYMBOLS,
    WEIGHTS,
    Argument,
    Function,
    Kind,
    Shape,
    Way,
)
from basketgex_addin.functions.table import BY_NAME, CATEGORY, FUNCTIONS

__all__ = [
    "BY_NAME",
    "CATEGORY",
    "CELL",
    "FUNCTIONS",
    "SYMBOL",
    "SYMBOLS",
    "TOP",
    "TRIGGER",
    "WEIGHTS",
    "ZONE",
    "Argument",
    "Function",
    "Kind",
    "Shape",
    "Way",
]
