# Sourced by the other scripts: the way they speak, and what the machine lets them do.

cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf 'basketgex: %s\n' "$*" >&2; }

fail() {
    say "$@"
    exit 1
}

may_install() { [ "$(id -u)" -eq 0 ] && command -v apt-get > /dev/null; }
