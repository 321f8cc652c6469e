"""``python -m basketgex_cli``: the command ``basketgex`` of one interpreter."""

from basketgex_cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
