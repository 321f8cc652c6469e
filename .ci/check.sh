#!/usr/bin/env bash
# Every check that needs no running program. All of them run; the last line names those that failed.
set -uo pipefail
. "$(dirname "$0")/common.sh"

bin=.venv/bin
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=()

# A check is silent unless it fails.
check() {
    local name=$1
    shift
    if "$@" > "$scratch/log" 2>&1; then
        printf '  ok      %s\n' "$name"
    else
        printf '  FAILED  %s\n' "$name"
        sed 's/^/          /' "$scratch/log"
        failed+=("$name")
    fi
}

generated_is_current() {
    .ci/generate-protos.sh "$scratch/protos" || return
    local fresh committed
    for fresh in "$scratch"/protos/basketgex/v1/*; do
        committed=protos/basketgex/v1/${fresh##*/}
        diff -q "$fresh" "$committed" || { echo "run make proto and commit $committed"; return 1; }
    done
}

vba_compiles() {
    $bin/python -m basketgex_addin.excel.xlam &&
        $bin/pyvbaanalysis --whole-project --fail-level error addin/basketgex_addin/excel/basketgex.xlam
}

lock_is_current() { $bin/python -m tools.lock --check && $bin/python -m pip --disable-pip-version-check check; }

# It mostly waits for the network, so it runs beside the others.
$bin/python -m tools.audit > "$scratch/audit" 2>&1 &
audit=$!
audited() {
    cat "$scratch/audit"
    return $answer
}

check "ruff check" $bin/ruff check --output-format concise .
check "ruff format" $bin/ruff format --check .
check "mypy" $bin/mypy
check "import contracts" $bin/lint-imports --no-logo --no-cache
check "buf lint" $bin/buf lint
check "buf breaking, against protos/baseline.binpb" $bin/buf breaking --against protos/baseline.binpb
check "generated Python of the contract is current" generated_is_current
check "workbook templates are current" $bin/python -m workbook_templates.build --check
check "the function reference is current" $bin/python -m basketgex_addin.reference --check
check "the Excel add-in is built, and its VBA has no error" vba_compiles
check "the lock agrees with pyproject.toml and is complete" lock_is_current
wait $audit
answer=$?
if [ $answer -eq 3 ]; then # no answer is no verdict, and no failure
    printf '  skipped pip-audit: %s\n' "$(cat "$scratch/audit")"
else
    check "pip-audit" audited
    [ $answer -ne 0 ] || sed 's/^/          /' "$scratch/audit" # weaknesses that no release mends
fi

if [ ${#failed[@]} -gt 0 ]; then
    say "failed: $(printf '%s; ' "${failed[@]}")see above."
    exit 1
fi
