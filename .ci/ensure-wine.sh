#!/usr/bin/env bash
# Wine, NSIS and a compiler for Windows, with which the installer is built and tried: installed where the machine lets us, else a
# sentence. Without them the rest still works, unless BASKETGEX_REQUIRE_ALL is 1.
set -euo pipefail
. "$(dirname "$0")/common.sh"

problem() {
    for program in wine wineboot wineserver makensis x86_64-w64-mingw32-gcc; do
        command -v $program > /dev/null || { echo "$program is missing"; return; }
    done
}

machine="an amd64 machine"
may_install() { [ "$(id -u)" -eq 0 ] && command -v apt-get > /dev/null && [ "$(dpkg --print-architecture)" = amd64 ]; }
need problem "What needs it is skipped; the rest goes on." install_packages wine wine64 nsis gcc-mingw-w64-x86-64
