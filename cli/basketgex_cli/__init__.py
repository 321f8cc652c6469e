"""The command ``basketgex``: the only package that knows both the add-in and the server."""
