"""The gRPC contract: exposure.proto, and what is generated from it."""

from basketgex.protobuf_start import postpone

postpone()
