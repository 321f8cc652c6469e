#!/usr/bin/env bash
# The virtual environment .venv with this project in it: `setup.sh run`, or `setup.sh dev` with the tools for tests and checks.
set -euo pipefail
. "$(dirname "$0")/common.sh"

kind=${1:?"run or dev"}

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; }

# The system's Python is the one LibreOffice embeds, so that compiled packages fit both.
if is_new_enough /usr/bin/python3; then
    python=/usr/bin/python3
elif is_new_enough python3; then
    python=$(command -v python3)
    say "the system has no Python 3.11 or later of its own; using $("$python" -V)." \
        "LibreOffice may embed another version and then cannot load the add-in's packages."
else
    fail "Python 3.11 or later is needed; install it and run make again."
fi

if ! .venv/bin/python -m pip --version > /dev/null 2>&1; then
    if ! "$python" -c 'import ensurepip' 2> /dev/null; then
        if [ "$python" = /usr/bin/python3 ] && may_install; then
            say "installing python3-venv."
            export DEBIAN_FRONTEND=noninteractive
            apt-get update -qq > /dev/null
            apt-get install -y -qq --no-install-recommends python3-venv > /dev/null
        else
            fail "this Python cannot make virtual environments: install the package python3-venv, then run make again."
        fi
    fi
    say "making .venv with $("$python" -V)."
    "$python" -m venv --clear .venv
fi

# What the lock in requirements/ is made for; elsewhere a package may have no file of the locked release.
is_locked() {
    .venv/bin/python -c 'import platform, sys
known = platform.machine() in {"x86_64", "aarch64", "arm64"} and platform.python_implementation() == "CPython"
sys.exit(not (known and (3, 11) <= sys.version_info[:2] <= (3, 13)))'
}

install() {
    .venv/bin/python -m pip install --quiet --quiet --disable-pip-version-check --no-input --root-user-action=ignore "$@"
}

say "installing the packages; the first time takes a minute."
if is_locked; then
    # No file is installed whose hash is not in the lock, not even what builds this project.
    install --require-hashes --no-deps -r requirements/build.txt -r "requirements/$kind.txt"
    install --no-deps --no-build-isolation -e .
else
    say "the lock in requirements/ is for CPython 3.11 to 3.13 on x86_64 and arm64;" \
        "on this machine the newest releases are installed, unchecked."
    what=.
    [ "$kind" = dev ] && what='.[dev]'
    install hatchling -e "$what" # make wheel needs it in .venv
fi

# As an installation does; where PYTHONDONTWRITEBYTECODE is set nothing else would, and every process compile all it loads.
.venv/bin/python -m compileall -q addin cli server protos

# Without them everything but the browser workbook works.
if ! .venv/bin/python .ci/web_assets.py; then
    [ "${BASKETGEX_REQUIRE_ALL:-}" = 1 ] && fail "nothing may be missing here, so this stops."
    say "the rest goes on; make run fetches them while online."
fi

# What only their tests need.
if [ "$kind" = dev ] && ! .venv/bin/python .ci/web_assets.py --tests; then
    [ "${BASKETGEX_REQUIRE_ALL:-}" = 1 ] && fail "nothing may be missing here, so this stops."
    say "the tests that need it are skipped; make test fetches it while online."
fi

touch .venv/.installed-run
[ "$kind" = dev ] && touch .venv/.installed-dev
exit 0
