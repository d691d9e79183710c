# What the package and the tarball have in common; sourced by deb.sh and tarball.sh.
# Both are the same bytes for the same binary and commit: the time is the commit's, and nothing of the machine that builds gets in.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export LC_ALL=C TZ=UTC
umask 022

rid="${1:-linux-x64}"
case "$rid" in
  linux-x64) architecture=amd64 ;;
  linux-arm64) architecture=arm64 ;;
  *) echo "package: unknown RID '$rid'; use linux-x64 or linux-arm64." >&2; exit 2 ;;
esac
binary="${CLAWMESH_EDGE_BINARY:-artifacts/publish/$rid/clawmesh-edge}"
if [ ! -f "$binary" ]; then
  echo "package: $binary is missing; aot/publish.sh $rid makes it." >&2
  exit 3
fi

# A copy of the sources without history is as old as its changelog.
SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)}"
export SOURCE_DATE_EPOCH

# Until a version is released its packages sort before it (the tilde), and by the time of their commit.
version="$(sed -n 's:.*<Version>\(.*\)</Version>.*:\1:p' Directory.Build.props)"
if grep -q "^## $version (unreleased)" CHANGELOG.md; then version="$version~$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y%m%d%H%M%S)"; fi
version="${PACKAGE_VERSION:-$version}"

put() { # MODE FROM TO: a file into the tree at $root
  if [ ! -f "$2" ]; then
    echo "package: $2 is missing." >&2
    exit 1
  fi
  install -D -m "$1" "$2" "$root/$3"
}

# Every file that is installed, with its mode, into the tree at $root.
stage() {
  local file
  put 755 "$binary" usr/lib/clawmesh-edge/clawmesh-edge
  put 755 systemd/start-guard usr/lib/clawmesh-edge/start-guard
  put 755 systemd/launcher usr/bin/clawmesh-edge
  # Where somebody's ONNX Runtime goes: found by the packaged version and by every update (docs/models.md).
  install -d -m 755 "$root/usr/lib/clawmesh-edge/onnxruntime" "$root/etc/clawmesh-edge/boards" "$root/etc/clawmesh-edge/sites"
  for file in systemd/*.service; do put 644 "$file" "usr/lib/systemd/system/${file##*/}"; done
  put 644 systemd/clawmesh-edge.sysusers usr/lib/sysusers.d/clawmesh-edge.conf
  put 644 systemd/clawmesh-edge.tmpfiles usr/lib/tmpfiles.d/clawmesh-edge.conf
  put 644 hw/udev/60-clawmesh-edge.rules usr/lib/udev/rules.d/60-clawmesh-edge.rules
  # The binary carries its boards; these are to read, and to copy into /etc/clawmesh-edge/boards and change.
  for file in hw/boards/*.json; do put 644 "$file" "usr/share/clawmesh-edge/boards/${file##*/}"; done
  for file in examples/sites/*.json; do put 644 "$file" "usr/share/doc/clawmesh-edge/examples/sites/${file##*/}"; done
  for file in examples/goals/*.json; do put 644 "$file" "usr/share/doc/clawmesh-edge/examples/goals/${file##*/}"; done
  put 644 systemd/completions/clawmesh-edge.bash usr/share/bash-completion/completions/clawmesh-edge
  put 644 systemd/completions/clawmesh-edge.zsh usr/share/zsh/vendor-completions/_clawmesh-edge
  put 644 systemd/completions/clawmesh-edge.fish usr/share/fish/vendor_completions.d/clawmesh-edge.fish
  put 644 systemd/man/clawmesh-edge.1 usr/share/man/man1/clawmesh-edge.1
  gzip -9n "$root/usr/share/man/man1/clawmesh-edge.1"
  put 644 systemd/debian/copyright usr/share/doc/clawmesh-edge/copyright
  # Texts that must travel with the binary and are too many for the file above.
  for file in LICENSES/*-third-party.txt LICENSES/jetson-gpio.txt; do put 644 "$file" "usr/share/doc/clawmesh-edge/notices/${file##*/}"; done
}

# The same dates on everything, folders too.
settle() { find "$1" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +; }

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
