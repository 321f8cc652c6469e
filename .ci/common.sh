# Sourced by the other scripts: the way they speak, and what the machine lets them do.

cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf 'basketgex: %s\n' "$*" >&2; }

fail() {
    say "$@"
    exit 1
}

may_install() { [ "$(id -u)" -eq 0 ] && command -v apt-get > /dev/null; }

install_packages() {
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@"
}

# need PROBLEM SKIPPED COMMAND...: PROBLEM, a function, prints what is missing, or nothing. Where the machine lets us COMMAND
# installs it; else a sentence says what is SKIPPED, unless BASKETGEX_REQUIRE_ALL is 1.
need() {
    local problem=$1 skipped=$2 why log
    shift 2
    why=$("$problem")
    [ -z "$why" ] && return
    if may_install; then
        say "$why: installing it; this takes about a minute."
        log=$(mktemp)
        if "$@" > "$log" 2>&1; then
            why=$("$problem")
        else
            tail -n 5 "$log" >&2
            why="$why, and installing it failed"
        fi
        rm -f "$log"
        [ -z "$why" ] && return
    else
        why="$why, and only root on ${machine:-a machine} with apt-get can install it from here: as root run $0"
    fi
    [ "${BASKETGEX_REQUIRE_ALL:-}" = 1 ] && fail "$why. Nothing may be skipped here, so this stops."
    say "$why. $skipped"
}
