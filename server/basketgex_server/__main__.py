"""``python -m basketgex_server``: the command line, for a launcher that knows an interpreter only."""

from basketgex_server.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
