"""What the doors allow: clients that look whether the server is there, and strangers only so much before their token counts."""

from __future__ import annotations

MOST_CONNECTIONS = 1_000
"""Connections at once; one more is closed."""
MOST_STREAMS = 5_000
"""Calls at once on one connection: one that opens and resets calls faster than they are let go of is refused more."""
HANDSHAKE = 5.0
"""Seconds in which a connection must have become one of HTTP/2, and of TLS where that is spoken."""
IDLE = 600.0
"""Seconds after which a connection without a call is closed; a client opens another with its next call, by itself."""
PINGS, PING_ANSWER = 60.0, 20.0
"""Seconds without news after which a client is asked whether it is still there, and in which it must answer."""
LEAST_PING = 1.0
"""Seconds between two questions of a client's; more often is no reason to turn it out either."""

GRPC_OPTIONS = (
    # Watching is quiet for hours, and clients ask meanwhile whether the server is still there. By gRPC's own rules one question
    # in five minutes is too many, and ends the connection.
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", int(LEAST_PING * 1_000)),
    ("grpc.http2.max_ping_strikes", 0),
    ("grpc.keepalive_time_ms", int(PINGS * 1_000)),
    ("grpc.keepalive_timeout_ms", int(PING_ANSWER * 1_000)),
    ("grpc.max_concurrent_streams", MOST_STREAMS),
    ("grpc.max_allowed_incoming_connections", MOST_CONNECTIONS),
    ("grpc.server_handshake_timeout_ms", int(HANDSHAKE * 1_000)),
    ("grpc.max_connection_idle_ms", int(IDLE * 1_000)),
)

MOST_HTTP = 256
"""HTTP connections at once; of more, the one is closed that has waited longest without asking."""
HTTP_REQUEST = 10.0
"""Seconds by which a request that has begun, or the first of a connection, must have come whole."""
