#!/usr/bin/env bash
# LibreOffice Calc 25.2 or later, with its window, a screen for that, its Python bridge and pdftoppm: installed where the
# machine lets us, else a sentence.
# Without it the rest still works, unless BASKETGEX_REQUIRE_ALL is 1.
set -euo pipefail
. "$(dirname "$0")/common.sh"

wanted=25.2

problem() {
    command -v soffice > /dev/null || { echo "LibreOffice is not installed"; return; }
    local version
    version=$(soffice --version 2> /dev/null | awk '{print $2; exit}')
    if [ "$(printf '%s\n%s\n' "$wanted" "${version:-0}" | sort -V | head -n 1)" != "$wanted" ]; then
        echo "LibreOffice is ${version:-of unknown version} and $wanted or later is needed"
    elif [ -x /usr/bin/python3 ] && ! /usr/bin/python3 -c 'import uno' 2> /dev/null; then
        echo "LibreOffice has no Python bridge (the package python3-uno)"
    elif ! command -v pdftoppm > /dev/null; then
        echo "pdftoppm (the package poppler-utils) is missing"
    elif [ ! -e "$(dirname "$(readlink -f "$(command -v soffice)")")/libvclplug_genlo.so" ]; then
        echo "LibreOffice has no window (the package libreoffice-calc)"
    else
        for program in Xvfb xdotool openbox; do
            command -v $program > /dev/null || { echo "$program, for the screen of LibreOffice's window, is missing"; return; }
        done
    fi
}

need problem "What needs Calc is skipped; the rest goes on." .ci/install-libreoffice.sh
