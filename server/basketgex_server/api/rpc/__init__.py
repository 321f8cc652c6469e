"""The gRPC door."""

import basketgex.v1  # noqa: F401 - before any other message: see ``basketgex.protobuf_start``
