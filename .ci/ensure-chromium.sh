#!/usr/bin/env bash
# Chromium, which the tests of the browser workbook drive: installed where the machine lets us, else a sentence.
# Without it the rest still works, unless BASKETGEX_REQUIRE_ALL is 1.
set -euo pipefail
. "$(dirname "$0")/common.sh"

is_there() { command -v chromium > /dev/null || command -v chromium-browser > /dev/null || command -v google-chrome > /dev/null; }

is_there && exit 0

why="Chromium is not installed"
if may_install; then
    say "$why: installing it; this takes about a minute."
    export DEBIAN_FRONTEND=noninteractive
    log=$(mktemp)
    if { apt-get update -q && apt-get install -y -q --no-install-recommends chromium; } > "$log" 2>&1 && is_there; then
        rm -f "$log"
        exit 0
    fi
    tail -n 5 "$log" >&2
    rm -f "$log"
    why="$why, and installing it failed"
else
    why="$why, and only root on a machine with apt-get can install it from here"
fi

[ "${BASKETGEX_REQUIRE_ALL:-}" = 1 ] && fail "$why. Nothing may be skipped here, so this stops."
say "$why. The browser workbook's tests are skipped; the rest goes on."
