"""The doors of the server. No logic of their own."""
