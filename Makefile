# Two commands matter: `make run` and `make test`. Both prepare a fresh Debian machine that has only the .NET SDK.
# ARGS passes through:  make run ARGS='--for 10s'

SHELL := /bin/bash
RID ?= linux-x64
ARGS ?=
export DOTNET_CLI_TELEMETRY_OPTOUT := 1
export DOTNET_NOLOGO := 1

JIT := artifacts/net10.0/bin/ClawMesh.Edge.Agent/release/clawmesh-edge
BINARY := artifacts/publish/$(RID)/clawmesh-edge

.PHONY: run test unit rig rig-systemd power-cuts pages train publish bundle deb tarball cross soak bench season converge clean

run:
	@.ci/setup run
	@dotnet build src/ClawMesh.Edge.Agent -c Release -v quiet --nologo
	@mkdir -p artifacts/state && chmod 700 artifacts/state
	@$(JIT) run --site simulated --state-dir artifacts/state $(ARGS)

publish:
	@.ci/setup publish
	@aot/publish.sh $(RID)
	@aot/check-size.sh $(RID)

# A signed update of what is published:  make bundle KEY=operator.pem  ->  artifacts/clawmesh-edge-VERSION-RID.bundle; docs/guides/update.md.
KEY ?=
bundle: publish
	@aot/make-bundle.sh --key '$(KEY)' --rid $(RID) $(ARGS)

test: publish
	@.ci/test

# The fast part alone: no publish, no processes.
unit:
	@.ci/setup run
	@dotnet test --project tests/ClawMesh.Edge.Tests -c Release

# Boots Debian's kernel in QEMU with emulated hardware and runs the published binary in it. What it prints is in artifacts/rig/console.log.
rig: $(BINARY)
	@.ci/setup rig
	@dotnet build tests/ClawMesh.Edge.Rig -c Release -v quiet --nologo
	@CLAWMESH_EDGE_BINARY=$(CURDIR)/$(BINARY) artifacts/net10.0/bin/ClawMesh.Edge.Rig/release/ClawMesh.Edge.Rig --no-progress
	@cat artifacts/rig/figures.txt

# Boots Debian with systemd in QEMU, installs the package, breaks what can break, and prints a table of what each fault cost:
# docs/boot-test.md. Needs root for the image, which is made once. RIG_FAULTS="SIGKILL,power cut" takes only those.
rig-systemd: $(BINARY)
	@.ci/setup rig-systemd
	@dotnet build tests/ClawMesh.Edge.BootRig -c Release -v quiet --nologo
	@deb=$$(systemd/debian/deb.sh $(RID)) && CLAWMESH_DEB=$$deb CLAWMESH_EDGE_BINARY=$(CURDIR)/$(BINARY) artifacts/net10.0/bin/ClawMesh.Edge.BootRig/release/boot-rig faults $(ARGS)

# Pulls the plug at random moments, by seed, and looks at the disk each time:  make power-cuts ARGS='--cuts 200 --seed 1'
power-cuts: $(BINARY)
	@.ci/setup rig-systemd
	@dotnet build tests/ClawMesh.Edge.BootRig -c Release -v quiet --nologo
	@CLAWMESH_EDGE_BINARY=$(CURDIR)/$(BINARY) artifacts/net10.0/bin/ClawMesh.Edge.BootRig/release/boot-rig cuts $(ARGS)

# Only the rigs are content with a binary that is newer than its sources.
$(BINARY): $(shell find src hw aot -name '*.cs' -o -name '*.csproj' -o -name '*.props' -o -path 'hw/*s/*.json')
	@$(MAKE) --no-print-directory publish
	@touch $@

# The Debian package and the tarball of the published binary (docs/guides/packages.md): the same bytes for the same binary and commit.
deb: publish
	@.ci/setup package || echo "deb: built without lintian's opinion" >&2
	@deb=$$(systemd/debian/deb.sh $(RID)) && echo "$$deb" && { ! command -v lintian >/dev/null || lintian --allow-root --fail-on error,warning "$$deb"; }

tarball: publish
	@systemd/debian/tarball.sh $(RID)

# For linux-arm64, as far as it goes here (docs/cross-build.md):  make cross JETPACK=6
JETPACK ?= 6
cross:
	@.ci/setup publish
	@cross-build/arm64.sh $(JETPACK)

# Writes what tests keep true: docs/configuration.md, docs/parts.md, docs/protocol/coverage.md, the man page and the completions.
pages:
	@.ci/setup run
	@mkdir -p docs/protocol
	@dotnet build tests/ClawMesh.Edge.Tests -c Release -v quiet --nologo
	@CLAWMESH_WRITE_PAGES=1 artifacts/net10.0/bin/ClawMesh.Edge.Tests/release/ClawMesh.Edge.Tests --filter-class "*PageTests" >/dev/null || true

# Trains the soil water model from the simulated farm and $CLAWMESH_DATA; writes hw/models/soil-water.* and docs/world-model.md.
train:
	@.ci/setup run
	@dotnet build tools/ClawMesh.Edge.Train -c Release -v quiet --nologo
	@artifacts/net10.0/bin/ClawMesh.Edge.Train/release/ClawMesh.Edge.Train $(ARGS)

# Two published nodes for ten minutes over a line that delays, stalls, cuts without closing and resets, by seed. Prints each loss and
# rejoin, and by how much memory at rest (PSS of smaps_rollup) grew between a warm-up and the end, in MB/h; fails when a rejoin took
# over 60 s or memory grew by more than 2 MB/h. Warm-up and resting add five minutes. Longer is more exact:  make soak SOAK_SECONDS=3600
SOAK_SECONDS ?= 600
soak: publish
	@dotnet build tests/ClawMesh.Edge.EndToEnd -c Release -v quiet --nologo
	@CLAWMESH_SOAK_SECONDS=$(SOAK_SECONDS) CLAWMESH_EDGE_BINARY=$(CURDIR)/$(BINARY) artifacts/net10.0/bin/ClawMesh.Edge.EndToEnd/release/ClawMesh.Edge.EndToEnd \
	  --filter-class "*MeshImpairedTests" --show-live-output on --no-progress

# Twenty simulated nodes, cut in two for a week with ten thousand frames on each side, by seed; CI runs twenty seeds of it.
CONVERGE_SEEDS ?= 100
converge:
	@.ci/setup run
	@dotnet build tests/ClawMesh.Edge.Simulation -c Release -v quiet --nologo
	@CLAWMESH_SEEDS=$(CONVERGE_SEEDS) artifacts/net10.0/bin/ClawMesh.Edge.Simulation/release/ClawMesh.Edge.Simulation --filter-class "*ConvergenceTests" --show-live-output on --no-progress

# Fortnights on the simulated farm, the planner at L1 beside a timer with a probe and beside nobody, and the table of docs/planner.md.
# With the shipped model where there is one. What other timers reach:  make season SEASON_SWEEP=1
SEASON_DAYS ?= 14
SEASON_SEEDS ?= 20
SEASON_CANDIDATES ?= 96
SEASON_SWEEP ?= 0
season:
	@.ci/setup run
	@dotnet build tests/ClawMesh.Edge.Tests -c Release -v quiet --nologo
	@CLAWMESH_SEASON_DAYS=$(SEASON_DAYS) CLAWMESH_SEASON_SEEDS=$(SEASON_SEEDS) CLAWMESH_SEASON_CANDIDATES=$(SEASON_CANDIDATES) CLAWMESH_SEASON_SWEEP=$(SEASON_SWEEP) \
	  CLAWMESH_SEASON_MODEL=$(dir $(wildcard $(CURDIR)/hw/models/soil-water.net)) \
	  artifacts/net10.0/bin/ClawMesh.Edge.Tests/release/ClawMesh.Edge.Tests --filter-class "*FarmSeasonTests" --show-live-output on --no-progress

bench: publish
	@dotnet build tests/ClawMesh.Edge.Benchmarks -c Release -v quiet --nologo
	@artifacts/net10.0/bin/ClawMesh.Edge.Benchmarks/release/ClawMesh.Edge.Benchmarks --binary $(BINARY) $(ARGS)

clean:
	rm -rf artifacts
