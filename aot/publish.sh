#!/usr/bin/env bash
# Publishes clawmesh-edge with Native AOT:  aot/publish.sh [RID]
# net10.0 where its AOT runtime pack restores, otherwise net9.0; the last lines say which, and how large the result is.
# cross-build/arm64.sh names a sysroot and a folder of tools for another architecture in CROSS_SYSROOT and CROSS_BIN.
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
cross=()
if [ -n "${CROSS_SYSROOT:-}" ]; then
  archive="$CROSS_SYSROOT$archive"
  cross=(-p:SysRoot="$CROSS_SYSROOT" -p:CppCompilerAndLinker="$CROSS_BIN/aarch64-linux-gnu-gcc" -p:ObjCopyName="$CROSS_BIN/aarch64-linux-gnu-objcopy"
    -p:LinkerFlavor=bfd -p:CrossBuild=true -p:ArtifactsPath="${CROSS_SYSROOT%/*}/FRAMEWORK")
fi
if [ ! -f "$archive" ]; then
  echo "publish: $archive is missing; install libsqlite3-dev for $rid." >&2
  exit 3
fi

publish() { # FRAMEWORK
  dotnet publish src/ClawMesh.Edge.Agent -c Release -r "$rid" --self-contained \
    -p:ClawMeshTargetFramework="$1" -p:PublishAot=true -p:SqliteStaticLibrary="$archive" "${cross[@]/FRAMEWORK/$1}" \
    -o "$out" -v quiet --nologo
}

# Whether a framework's packs restore is remembered per SDK, so that a second run does not ask again.
choice="artifacts/publish/$rid.framework.$(dotnet --version)"
framework="$(cat "$choice" 2>/dev/null || true)"
if [ -z "$framework" ]; then
  : >"$log"
  for candidate in net10.0 net9.0; do
    if dotnet restore src/ClawMesh.Edge.Agent -r "$rid" -p:ClawMeshTargetFramework=$candidate \
         -p:PublishAot=true -p:SelfContained=true "${cross[@]/FRAMEWORK/$candidate}" -v quiet --nologo >>"$log" 2>&1; then
      framework=$candidate
      echo "$framework" >"$choice"
      break
    fi
  done
fi
if [ -z "$framework" ]; then
  # NU1101 and NU1102: a source was asked, and has no such package or version. Anything else is not for want of packs.
  missing=$(grep -oE "error NU110[12]:.*" "$log" | sed 's/ \[.*//' | sort -u || true)
  if [ -z "$missing" ] || grep -q "error NU1301" "$log"; then
    echo "publish: restoring for $rid failed:" >&2
    { grep -oE "error .*" "$log" || tail -3 "$log"; } | sed 's/ \[.*//' | sort -u | head -10 >&2
    exit 1
  fi
  echo "publish: no Native AOT packs restore for $rid. Missing:" >&2
  echo "$missing" >&2
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
