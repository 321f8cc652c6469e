"""The client of the local server: connection, memo, collector, launcher."""
