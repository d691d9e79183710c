#!/usr/bin/env bash
# Compares the published binary with aot/size-budget.json and says what grew:  aot/check-size.sh [RID]
set -euo pipefail
cd "$(dirname "$0")/.."

rid="${1:-linux-x64}"
budget=aot/size-budget.json
bytes=$(stat -c %s "artifacts/publish/$rid/clawmesh-edge")
field() { sed -n "s/.*\"$rid\".*\"$1\": *\([0-9]*\).*/\1/p" "$budget"; }
max=$(field maxBytes)
last=$(field lastBytes)

echo "size: $bytes bytes of $max allowed; $((bytes - last)) bytes more than the $last recorded in $budget"
if [ "$bytes" -gt "$max" ]; then
  echo "size: over budget by $((bytes - max)) bytes. See what grew with: dotnet publish … -p:IlcGenerateMstatFile=true" >&2
  exit 1
fi
