"""``python -m basketgex_server serve``: what start commands record. A spreadsheet waits for it, so it loads nothing more."""

from basketgex_server import serve_command
from basketgex_server.command_line import parser_of, run


def main() -> int:
    """Serve; return the exit code."""
    parser, commands = parser_of("The local server of basketgex. The command basketgex has the rest.")
    serve_command.add_parser(commands)
    return run(parser, None)


if __name__ == "__main__":
    raise SystemExit(main())
