"""The local server: sources, exposure mathematics, dispatch, state and the gRPC door."""
