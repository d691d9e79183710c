#!/usr/bin/env bash
# Publishes clawmesh-edge with Native AOT:  aot/publish.sh [RID]
# net10.0 where its AOT runtime pack restores, otherwise net9.0; the last lines say which, and how large the result is.
set -euo pipefail
cd "$(dirname "$0")/.."

rid="${1:-linux-x64}"
out="artifacts/publish/$rid"
log="artifacts/publish/$rid.log"
mkdir -p "$out"

case "$rid" in
  linux-x64) archive=/usr/lib/x86_64-linux-gnu/libsqlite3.a ;;
  linux-arm64) archive=/usr/lib/aarch64-linux-gnu/libsqlite3.a ;;
  *) echo "publish: unknown RID '$rid'; use linux-x64 or linux-arm64." >&2; exit 2 ;;
esac
if [ ! -f "$archive" ]; then
  echo "publish: $archive is missing; install libsqlite3-dev for $rid." >&2
  exit 3
fi

publish() { # FRAMEWORK
  dotnet publish src/ClawMesh.Edge.Agent -c Release -r "$rid" --self-contained \
    -p:ClawMeshTargetFramework="$1" -p:PublishAot=true -p:SqliteStaticLibrary="$archive" \
    -o "$out" -v quiet --nologo
}

# Whether a framework's packs restore is remembered per SDK, so that a second run does not ask again.
choice="artifacts/publish/$rid.framework.$(dotnet --version)"
framework="$(cat "$choice" 2>/dev/null || true)"
if [ -z "$framework" ]; then
  for candidate in net10.0 net9.0; do
    if dotnet restore src/ClawMesh.Edge.Agent -r "$rid" -p:ClawMeshTargetFramework=$candidate \
         -p:PublishAot=true -p:SelfContained=true -v quiet --nologo >"$log" 2>&1; then
      framework=$candidate
      echo "$framework" >"$choice"
      break
    fi
  done
fi
if [ -z "$framework" ]; then
  echo "publish: no Native AOT packs restore for $rid. Missing:" >&2
  grep -oE "(Unable to find package|error NU[0-9]+:).*" "$log" | sort -u | head -5 >&2
  exit 3
fi

if ! publish "$framework" >"$log" 2>&1; then
  grep -E "error|warning" "$log" | sort -u >&2
  exit 1
fi
# The one warning that is known by name; see aot/Aot.props.
others=$(grep -E "warning (IL|CA|CS|NETSDK)" "$log" | grep -v "IL2104: Assembly 'Microsoft.Data.Sqlite'" | sort -u || true)
if [ -n "$others" ]; then
  echo "publish: new warnings:" >&2
  echo "$others" >&2
  exit 1
fi
echo "published $out/clawmesh-edge with $framework"
