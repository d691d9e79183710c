#compdef clawmesh-edge
# Completion of clawmesh-edge(1) for zsh. Generated from the tree of verbs (src/ClawMesh.Edge.Agent/Cli) by `make pages`; a test keeps it so.

# What follows an option: a kind of value in $kind, or false for a switch.
_clawmesh_edge_value() {
    case $1 in
        *'|--state-dir') kind=directory ;;
        'run|--site') kind=file ;;
        'run|--listen') kind= ;;
        'run|--name') kind= ;;
        'run|--role') kind= ;;
        'run|--mesh-name') kind= ;;
        'run|--peer') kind= ;;
        'run|--capability') kind= ;;
        'run|--sim-rate') kind= ;;
        'run|--sim-seed') kind= ;;
        'run|--for') kind= ;;
        'run|--log-format') kind='journal json text' ;;
        'status|--url') kind= ;;
        'peers|--url') kind= ;;
        'world|--url') kind= ;;
        'world|--entity') kind= ;;
        'world|--history') kind= ;;
        'world|--kind') kind= ;;
        'world|--limit') kind= ;;
        'events|--url') kind= ;;
        'events|--type') kind= ;;
        'events|--limit') kind= ;;
        'events|--trace') kind= ;;
        'events record export|--from') kind= ;;
        'events record export|--to') kind= ;;
        'events record export|--last') kind= ;;
        'events record export|--trace') kind= ;;
        'events record export|--format') kind='csv jsonl' ;;
        'events record export|--output') kind=file ;;
        'proposals|--url') kind= ;;
        'reject|--reason') kind= ;;
        'actuate|--param') kind= ;;
        'actuate|--for') kind= ;;
        'actuate|--note') kind= ;;
        'actuate|--command-id') kind= ;;
        'actuate|--peer') kind= ;;
        'actuate|--url') kind= ;;
        'fence|--seconds') kind= ;;
        'safe-state|--site') kind= ;;
        'audit list|--limit') kind= ;;
        'audit list|--actuator') kind= ;;
        'audit list|--type') kind='checkpoint decision lease_end operator outcome safe' ;;
        'audit list|--trace') kind= ;;
        'audit verify|--public-key') kind= ;;
        'audit export|--out') kind=file ;;
        'trust add|--key') kind= ;;
        'trust add|--name') kind= ;;
        'trust add|--grant') kind= ;;
        'pair|--url') kind= ;;
        'pair|--grant') kind= ;;
        'pair|--want') kind= ;;
        'board check|--site') kind=file ;;
        'board check|--board') kind= ;;
        'board probe-pinmux|--board') kind= ;;
        'board probe-pinmux|--site') kind=file ;;
        'scan|--bus') kind= ;;
        'scan|--board') kind= ;;
        'model bench|--seconds') kind= ;;
        'service install|--site') kind=file ;;
        'service install|--adopt') kind=directory ;;
        'service install|--root') kind=directory ;;
        *) return 1 ;;
    esac
}

_clawmesh_edge() {
    local verb= kind= at
    local -a told
    for ((at = 2; at < CURRENT; at++)); do
        _clawmesh_edge_value "$verb|$words[at - 1]" && continue
        case "$verb $words[at]" in
            ' run' | ' diag' | ' status' | ' peers' | ' world' | ' events' | 'events record' | 'events record export' | ' proposals' | ' approve' | ' reject' | ' actuate' | ' release' | ' fence' | ' safe-state' | ' audit' | 'audit list' | 'audit show' | 'audit verify' | 'audit export' | ' journal' | 'journal reset' | ' identity' | ' trust' | 'trust list' | 'trust add' | 'trust remove' | 'trust grant' | ' pair' | ' meshes' | 'meshes list' | 'meshes set-policy' | 'meshes forget' | ' config' | 'config init' | 'config show' | 'config set' | 'config check' | ' board' | 'board list' | 'board show' | 'board check' | 'board probe-pinmux' | ' site' | 'site show' | 'site check' | ' scan' | ' model' | 'model check' | 'model bench' | ' clock' | 'clock show' | 'clock set' | ' service' | 'service install' | 'service uninstall' | 'service status' | ' update' | 'update apply' | 'update status' | 'update rollback' | ' version')
                verb="${verb:+$verb }$words[at]" ;;
        esac
    done

    if _clawmesh_edge_value "$verb|$words[CURRENT - 1]"; then
        case $kind in
            file) _files ;;
            directory) _files -/ ;;
            '') _message value ;;
            *) compadd -- ${=kind} ;;
        esac
        return
    fi

    case $verb in
        '')
            told=('run:Run the node: a live table on a terminal, log lines otherwise; with --json one event object per line.' 'diag:Look at this machine and say what works, what does not and what to do.' 'status:Sensors, outputs, leases, readiness and storage of the running node.' 'peers:Who is connected: roles, links, silence, capabilities; with -v features, posture, pacing, lag and clock of each.' 'world:What the node believes of its site: zones, tanks, lines, outputs and nodes, with forecasts beside.' 'events:What happened lately, in the words of the log.' 'proposals:What planners ask for: this node'\''s, and those of connected planners.' 'approve:Approve a proposal; it then goes through the gate like any command.' 'reject:Reject a proposal.' 'actuate:Send a command through the gate; prints permit, outcome, lease and journal sequence.' 'release:Clear the latch of an output, or of all; for operators, journaled.' 'fence:Take the sole right to command an output for a while; for operators, journaled when it was another'\''s.' 'safe-state:Send every output to its safe state, now; a living node latches them.' 'audit:The actuation journal: what was asked, decided and done.' 'journal:The file of the actuation journal; `audit` reads what is in it.' 'identity:The device id of this node.' 'trust:The devices this node trusts, and what they may do here.' 'pair:Pair with another device by comparing six digits: --accept on one, `pair` on the other.' 'meshes:The mesh this node belongs to, those it has met, and what it does about them.' 'config:The settings of this node, kept in node.json.' 'board:The boards this node knows: what a site can be wired to.' 'site:This installation: which sensor and output hangs where, with limits and safe states.' 'scan:GPIO chips and who holds their lines, I2C addresses that answer, and every other device a site can name.' 'model:Model files: what they are and how fast they run here.' 'clock:What the wall clock rests on.' 'service:The node as a service of systemd: it starts with the machine, and is started again whatever ends it.' 'update:Installs a signed version beside the one that runs, on trial, and goes back.' 'version:Version, commit, framework, and the native libraries in use.')
            ;;
        'run')
            [[ $PREFIX == -* ]] && told+=('--site:The installation: simulated, an installed name, or a file.' '--listen:Address and port of the mesh; default 0.0.0.0:18789, port 0 lets the kernel choose.' '--name:Display name of this node.' '--role:Role in the mesh.' '--mesh-name:Name of the mesh.' '--peer:A peer to dial: deviceId=url|fingerprint|label.' '--no-discovery:Do not look for peers by mDNS.' '--capability:A capability to announce besides those of the site.' '--sim-rate:Simulated seconds per second; leases stay on the node'\''s clock.' '--sim-seed:Seed of the simulated farm.' '--for:Stop by itself after this long, e.g. 10s.' '--log-format:text, json, or journal for entries of systemd'\''s journal; without it journal where systemd reads the output, otherwise text.')
            ;;
        'diag')
            [[ $PREFIX == -* ]] && told+=('--strict:Exit 1 on warnings too.' '--deep:Take the time that a large journal needs.')
            ;;
        'status')
            [[ $PREFIX == -* ]] && told+=('--watch:Again every second, until interrupted; with --json one object per line.' '--url:Another node'\''s port: ws://host:port, or wss://host:port|fingerprint.')
            ;;
        'peers')
            [[ $PREFIX == -* ]] && told+=('--watch:Again every second, until interrupted; with --json one object per line.' '--url:Another node'\''s port: ws://host:port, or wss://host:port|fingerprint.')
            ;;
        'world')
            [[ $PREFIX == -* ]] && told+=('--watch:Again every second, until interrupted; with --json one object per line.' '--url:Another node'\''s port: ws://host:port, or wss://host:port|fingerprint.' '--entity:Only this entity, or those whose id begins so, e.g. zone:zone-1 or tank:.' '--history:With --entity: this property'\''s last day in quarter hours of the site'\''s time, too.' '--frames:The frames behind it instead: the current one of every key, and the log.' '--kind:With --frames: only frames of this kind in the log.' '--limit:With --frames: frames of the log to show, 1 to 200.')
            ;;
        'events')
            told=('record:The flight recorder: what the node saw, second by second, and at full rate around each actuation and fault.')
            [[ $PREFIX == -* ]] && told+=('--watch:Again every second, until interrupted; with --json one object per line.' '--url:Another node'\''s port: ws://host:port, or wss://host:port|fingerprint.' '--type:Only events of this type, e.g. actuation.outcome.' '--limit:How many, 1 to 200.' '--trace:Only events of this trace, which an answer or an error named.')
            ;;
        'events record')
            told=('export:Write what was recorded as JSON lines or CSV.')
            ;;
        'events record export')
            [[ $PREFIX == -* ]] && told+=('--from:From this moment on, e.g. 2026-11-21T06:30:00Z.' '--to:Up to this moment.' '--last:The last so long, e.g. 10m.' '--trace:From two seconds before the first event of this trace to five after the last.' '--format:jsonl: a JSON object per record; csv: a line per value.' '--output:Write to this file instead of standard output; needed with --json.')
            ;;
        'proposals')
            [[ $PREFIX == -* ]] && told+=('--watch:Again every second, until interrupted; with --json one object per line.' '--url:Another node'\''s port: ws://host:port, or wss://host:port|fingerprint.' '--all:Also those that are decided, carried out or expired, as far as they are remembered.')
            ;;
        'approve')
            [[ $PREFIX == -* ]] && told+=('--confirm:Agree, at the site, to what is approved already: level L3 needs both.')
            ;;
        'reject')
            [[ $PREFIX == -* ]] && told+=('--reason:Why; kept with the proposal.')
            ;;
        'actuate')
            [[ $PREFIX == -* ]] && told+=('--param:A parameter of the operation: state, value or durationSec.' '--for:How long, e.g. 30s; without it the site'\''s defaultOn.' '--note:A sentence for the journal.' '--command-id:A command id acts at most once; a repeat gets the recorded answer.' '--peer:Carry it out at this peer: its device id, or the first 8 or more digits.' '--url:Where to dial the peer when no node runs here; otherwise the static peer'\''s URL.' '--llm-only:Label the evidence as coming from a model alone: a self-check that must be refused.')
            ;;
        'release')
            ;;
        'fence')
            [[ $PREFIX == -* ]] && told+=('--seconds:For how long, 1 to 300.' '--release:Give it back, or end another'\''s.')
            ;;
        'safe-state')
            [[ $PREFIX == -* ]] && told+=('--site:The site whose outputs are meant; without it the site of the last run.')
            ;;
        'audit')
            told=('list:The newest records, the oldest of them first.' 'show:One record, whole, or all of one command.' 'verify:Check every record, the chain and the signed head; exit 1 names each place that is wrong.' 'export:Every record, oldest first, one JSON object per line; with --json and without --out as one array.')
            ;;
        'audit list')
            [[ $PREFIX == -* ]] && told+=('--limit:At most this many.' '--actuator:Only records of this output.' '--type:Only records of this type.' '--trace:Only records of this command: the trace that an answer or an error named.')
            ;;
        'audit show')
            ;;
        'audit verify')
            [[ $PREFIX == -* ]] && told+=('--public-key:The key of the device, as `identity` prints it; needed for a copy of the journal without its identity.')
            ;;
        'audit export')
            [[ $PREFIX == -* ]] && told+=('--out:Write to this file instead of standard output.')
            ;;
        'journal')
            told=('reset:Rename the journal and begin a new one.')
            ;;
        'journal reset')
            [[ $PREFIX == -* ]] && told+=('--yes:Really do it.')
            ;;
        'identity')
            [[ $PREFIX == -* ]] && told+=('--tls:Also the TLS certificate of the mesh port and the fingerprint peers pin; makes it when there is none yet.')
            ;;
        'trust')
            told=('list:Every trusted device with its grants, and what is wrong with entries that do not count.' 'add:Trust a device.' 'remove:Trust a device no longer.' 'grant:Change what a trusted device may do here.')
            ;;
        'trust list')
            ;;
        'trust add')
            [[ $PREFIX == -* ]] && told+=('--key:Its public key, 43 base64url characters.' '--name:What people call it.' '--grant:command=REF, maxTier=T2, approve, gossip, relay, sync, no-approve, no-gossip, no-relay, no-sync; separated by commas.')
            ;;
        'trust remove')
            ;;
        'trust grant')
            [[ $PREFIX == -* ]] && told+=('--clear:Begin with the grants of a new entry, which commands nothing, instead of those it has.')
            ;;
        'pair')
            [[ $PREFIX == -* ]] && told+=('--accept:Open a window, of 120 s unless set shorter, and wait for the other device.' '--url:Begin with the device at this address: ws://HOST:PORT, or wss://HOST:PORT|FINGERPRINT.' '--grant:What the other device may do here, if it asks: command=REF, maxTier=T2, approve, gossip, relay, sync, no-approve, no-gossip, no-relay, no-sync; separated by commas.' '--want:What to ask for there, in the same words.')
            ;;
        'meshes')
            told=('list:Every known mesh with its policy; the own one is marked, with where it comes from.' 'set-policy:Decide about a mesh.' 'forget:Forget a mesh and what was decided about it.')
            ;;
        'meshes list')
            ;;
        'meshes set-policy')
            told+=(ask auto never)
            ;;
        'meshes forget')
            ;;
        'config')
            told=('init:Write node.json with every default.' 'show:Every setting, its value and where that came from.' 'set:Change one setting.' 'check:List every problem of node.json and of the site it names; exit 2 when one is an error.')
            ;;
        'config init')
            [[ $PREFIX == -* ]] && told+=('--force:Replace a file that is there; it is kept as node.json.bak.')
            ;;
        'config show')
            ;;
        'config set')
            ;;
        'config check')
            ;;
        'board')
            told=('list:Every board, inside the binary or in /etc/clawmesh-edge/boards.' 'show:The pins, buses and channels of one board.' 'check:Find conflicts between a site, its board and, on the board itself, its kernel; exit 1 when one cannot work.' 'probe-pinmux:Read how the header'\''s pads are switched into /run/clawmesh-edge/pinmux.json; needs root.')
            ;;
        'board list')
            ;;
        'board show')
            ;;
        'board check')
            [[ $PREFIX == -* ]] && told+=('--site:A site by name or path; without it the configured one.' '--board:Take this machine for that board, whatever its device tree says.')
            ;;
        'board probe-pinmux')
            [[ $PREFIX == -* ]] && told+=('--board:The board this machine is; without it the device tree says.' '--site:Read only the pads this site uses.')
            ;;
        'site')
            told=('show:The sensors and outputs of a site.' 'check:List every problem of a site with its place and its fix; exit 2 when one is an error.')
            ;;
        'site show')
            [[ $PREFIX != -* ]] && _files
            ;;
        'site check')
            [[ $PREFIX != -* ]] && _files
            ;;
        'scan')
            [[ $PREFIX == -* ]] && told+=('--bus:Also ask the addresses of this I2C bus, e.g. i2c-1; may be repeated.' '--board:The board whose header buses are asked; without it the one this machine is.')
            ;;
        'model')
            told=('check:A model against its manifest: hash, graph and golden output, on every provider; exit 1 when it must not be used.' 'bench:How long a run takes by provider and batch, beside the C function alone.')
            ;;
        'model check')
            [[ $PREFIX != -* ]] && _files
            ;;
        'model bench')
            [[ $PREFIX != -* ]] && _files
            [[ $PREFIX == -* ]] && told+=('--seconds:How long to measure each batch on each provider.')
            ;;
        'clock')
            told=('show:Class, source, offset, floor, and what would make it better.' 'set:Say what time it is; journaled, and good until the next boot of the machine.')
            ;;
        'clock show')
            ;;
        'clock set')
            ;;
        'service')
            told=('install:Install the unit with its user, groups and udev rules, enable it and start it; needs root.' 'uninstall:Stop the node with its outputs safe, and remove what install wrote; needs root.' 'status:What systemd says of the service, and which version runs; exit 1 when it does not run.')
            ;;
        'service install')
            [[ $PREFIX == -* ]] && told+=('--site:The site the node runs; a file is copied to /etc/clawmesh-edge/sites.' '--adopt:Take over identity, trust and mesh id from the state directory of a classic node that is stopped.' '--root:An image that is being built: writes its files and starts nothing.' '--no-start:Enable the service, and leave it to the next boot to start it.')
            ;;
        'service uninstall')
            [[ $PREFIX == -* ]] && told+=('--purge:Remove the node'\''s memory, its configuration and its releases too: identity, trust and journal are gone for good.')
            ;;
        'service status')
            ;;
        'update')
            told=('apply:Install a signed bundle and restart the node with it.' 'status:What runs, what is on trial, and how the last update ended.' 'rollback:Put the version before the current one back and restart the node.')
            ;;
        'update apply')
            [[ $PREFIX != -* ]] && _files
            [[ $PREFIX == -* ]] && told+=('--allow-older:Install it although a newer version runs.' '--no-wait:Do not wait until the new version is committed or rolled back.')
            ;;
        'update status')
            ;;
        'update rollback')
            ;;
        'version')
            ;;
    esac
    if [[ $PREFIX == -* ]]; then
        told+=('--json:One JSON object on standard output, nothing else there.' '--state-dir:Where the node keeps its state.' '--verbose:Say more, such as which state directory is used.' '-v:Say more, such as which state directory is used.' '--help:Show help.')
    fi
    (( $#told )) && _describe value told
}

_clawmesh_edge "$@"
