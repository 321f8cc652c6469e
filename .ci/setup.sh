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

what=.
[ "$kind" = dev ] && what='.[dev]'
say "installing the packages; the first time takes a minute."
.venv/bin/python -m pip install --quiet --quiet --disable-pip-version-check --no-input --root-user-action=ignore -e "$what"

touch .venv/.installed-run
[ "$kind" = dev ] && touch .venv/.installed-dev
exit 0
