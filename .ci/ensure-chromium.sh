#!/usr/bin/env bash
# Chromium, which the tests of the browser workbook drive: installed where the machine lets us, else a sentence.
# Without it the rest still works, unless BASKETGEX_REQUIRE_ALL is 1.
set -euo pipefail
. "$(dirname "$0")/common.sh"

problem() {
    command -v chromium > /dev/null || command -v chromium-browser > /dev/null || command -v google-chrome > /dev/null ||
        echo "Chromium is not installed"
}

need problem "The browser workbook's tests are skipped; the rest goes on." install_packages chromium chromium-sandbox
