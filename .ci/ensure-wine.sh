#!/usr/bin/env bash
# Wine, NSIS and a compiler for Windows, with which the installer is built and tried: installed where the machine lets us, else a
# sentence. Without them the rest still works, unless BASKETGEX_REQUIRE_ALL is 1.
set -euo pipefail
. "$(dirname "$0")/common.sh"

lacking() {
    for program in wine wineboot wineserver makensis x86_64-w64-mingw32-gcc; do
        command -v $program > /dev/null || { echo "$program is missing"; return; }
    done
}

why=$(lacking)
[ -z "$why" ] && exit 0

if may_install && [ "$(dpkg --print-architecture)" = amd64 ]; then
    say "$why: installing it; this takes about half a minute."
    log=$(mktemp)
    export DEBIAN_FRONTEND=noninteractive
    if { apt-get update -qq && apt-get install -y -qq --no-install-recommends wine wine64 nsis gcc-mingw-w64-x86-64; } > "$log" 2>&1; then
        why=$(lacking)
    else
        tail -n 5 "$log" >&2
        why="$why, and installing it failed"
    fi
    rm -f "$log"
    [ -z "$why" ] && exit 0
else
    why="$why, and only root on an amd64 machine with apt-get can install it from here"
fi

[ "${BASKETGEX_REQUIRE_ALL:-}" = 1 ] && fail "$why. Nothing may be skipped here, so this stops."
say "$why. What needs it is skipped; the rest goes on."
