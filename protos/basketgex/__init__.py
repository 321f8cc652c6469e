"""What add-in and server share: the gRPC contract and what lies on one machine."""

__version__ = "0.2.0"
