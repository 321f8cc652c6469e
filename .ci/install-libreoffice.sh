#!/usr/bin/env bash
# LibreOffice Calc 25.2 with its window, its Python bridge, a screen and a keyboard for that window, and pdftoppm for the
# picture of a sheet. Headless Calc calculates otherwise than a window does, so the build without one is not enough.
# Debian 12 has it in bookworm-backports only; later releases carry it themselves.
set -euo pipefail

packages=(libreoffice-calc python3-uno fonts-dejavu-core poppler-utils xvfb xdotool openbox)
sources=/etc/apt/sources.list.d/debian.sources
. /etc/os-release

export DEBIAN_FRONTEND=noninteractive
release=()
if [ "${VERSION_CODENAME:-}" = bookworm ]; then
    # The machine's own mirror: the first address that is not a comment, in either form of apt's sources.
    mirror=$(awk '/^URIs:/ {print $2; exit}' "$sources" 2>/dev/null || true)
    if [ -z "$mirror" ]; then
        mirror=$(sed -nE 's/^deb +(\[[^]]*\] +)?(https?:[^ ]+) .*/\2/p' /etc/apt/sources.list 2>/dev/null | head -n 1 || true)
    fi
    if [ -z "$mirror" ]; then
        echo "this machine's apt sources name no mirror to take bookworm-backports from" >&2
        exit 1
    fi
    printf 'Types: deb\nURIs: %s\nSuites: bookworm-backports\nComponents: main\nSigned-By: %s\n' \
        "$mirror" /usr/share/keyrings/debian-archive-keyring.gpg \
        > /etc/apt/sources.list.d/basketgex-backports.sources
    release=(-t bookworm-backports)
fi
apt-get update -q
apt-get install -y -q --no-install-recommends "${release[@]}" "${packages[@]}"
