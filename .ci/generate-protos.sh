#!/usr/bin/env bash
# The Python of the gRPC contract, written below the folder given: `generate-protos.sh protos`.
set -euo pipefail
. "$(dirname "$0")/common.sh"

target=${1:?"a folder"}
mkdir -p "$target"
PATH="$PWD/.venv/bin:$PATH" .venv/bin/python -m grpc_tools.protoc -I protos \
    --python_out="$target" --grpc_python_out="$target" \
    --mypy_out="quiet:$target" --mypy_grpc_out="quiet:$target" \
    protos/basketgex/v1/*.proto
