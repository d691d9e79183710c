# Completion of clawmesh-edge(1) for bash. Generated from the tree of verbs (src/ClawMesh.Edge.Agent/Cli) by `make pages`; a test keeps it so.

# What follows an option: a kind of value in $kind, or false for a switch.
_clawmesh_edge_value() { # VERB|OPTION
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
    local word=${COMP_WORDS[COMP_CWORD]} verb= kind= words= at
    COMPREPLY=()
    for ((at = 1; at < COMP_CWORD; at++)); do
        _clawmesh_edge_value "$verb|${COMP_WORDS[at - 1]}" && continue
        case "$verb ${COMP_WORDS[at]}" in
            ' run' | ' diag' | ' status' | ' peers' | ' world' | ' events' | 'events record' | 'events record export' | ' proposals' | ' approve' | ' reject' | ' actuate' | ' release' | ' fence' | ' safe-state' | ' audit' | 'audit list' | 'audit show' | 'audit verify' | 'audit export' | ' journal' | 'journal reset' | ' identity' | ' trust' | 'trust list' | 'trust add' | 'trust remove' | 'trust grant' | ' pair' | ' meshes' | 'meshes list' | 'meshes set-policy' | 'meshes forget' | ' config' | 'config init' | 'config show' | 'config set' | 'config check' | ' board' | 'board list' | 'board show' | 'board check' | 'board probe-pinmux' | ' site' | 'site show' | 'site check' | ' scan' | ' model' | 'model check' | 'model bench' | ' clock' | 'clock show' | 'clock set' | ' service' | 'service install' | 'service uninstall' | 'service status' | ' update' | 'update apply' | 'update status' | 'update rollback' | ' version')
                verb="${verb:+$verb }${COMP_WORDS[at]}" ;;
        esac
    done

    if _clawmesh_edge_value "$verb|${COMP_WORDS[COMP_CWORD - 1]}"; then
        case $kind in
            file) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
            directory) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
            *) mapfile -t COMPREPLY < <(compgen -W "$kind" -- "$word") ;;
        esac
        return
    fi

    case $verb in
        '') words='run diag status peers world events proposals approve reject actuate release fence safe-state audit journal identity trust pair meshes config board site scan model clock service update version' ;;
        'run') words='--site --listen --name --role --mesh-name --peer --no-discovery --capability --sim-rate --sim-seed --for --log-format' ;;
        'diag') words='--strict --deep' ;;
        'status') words='--watch --url' ;;
        'peers') words='--watch --url' ;;
        'world') words='--watch --url --entity --history --frames --kind --limit' ;;
        'events') words='record --watch --url --type --limit --trace' ;;
        'events record') words='export' ;;
        'events record export') words='--from --to --last --trace --format --output' ;;
        'proposals') words='--watch --url --all' ;;
        'approve') words='--confirm' ;;
        'reject') words='--reason' ;;
        'actuate') words='--param --for --note --command-id --peer --url --llm-only' ;;
        'release') words='' ;;
        'fence') words='--seconds --release' ;;
        'safe-state') words='--site' ;;
        'audit') words='list show verify export' ;;
        'audit list') words='--limit --actuator --type --trace' ;;
        'audit show') words='' ;;
        'audit verify') words='--public-key' ;;
        'audit export') words='--out' ;;
        'journal') words='reset' ;;
        'journal reset') words='--yes' ;;
        'identity') words='--tls' ;;
        'trust') words='list add remove grant' ;;
        'trust list') words='' ;;
        'trust add') words='--key --name --grant' ;;
        'trust remove') words='' ;;
        'trust grant') words='--clear' ;;
        'pair') words='--accept --url --grant --want' ;;
        'meshes') words='list set-policy forget' ;;
        'meshes list') words='' ;;
        'meshes set-policy') words='ask auto never' ;;
        'meshes forget') words='' ;;
        'config') words='init show set check' ;;
        'config init') words='--force' ;;
        'config show') words='' ;;
        'config set') words='' ;;
        'config check') words='' ;;
        'board') words='list show check probe-pinmux' ;;
        'board list') words='' ;;
        'board show') words='' ;;
        'board check') words='--site --board' ;;
        'board probe-pinmux') words='--board --site' ;;
        'site') words='show check' ;;
        'site show') words='<file>' ;;
        'site check') words='<file>' ;;
        'scan') words='--bus --board' ;;
        'model') words='check bench' ;;
        'model check') words='<file>' ;;
        'model bench') words='<file> --seconds' ;;
        'clock') words='show set' ;;
        'clock show') words='' ;;
        'clock set') words='' ;;
        'service') words='install uninstall status' ;;
        'service install') words='--site --adopt --root --no-start' ;;
        'service uninstall') words='--purge' ;;
        'service status') words='' ;;
        'update') words='apply status rollback' ;;
        'update apply') words='<file> --allow-older --no-wait' ;;
        'update status') words='' ;;
        'update rollback') words='' ;;
        'version') words='' ;;
    esac
    if [[ $word != -* && $words == *'<file>'* ]]; then
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
    fi
    [[ $word == -* ]] && words+=" --json --state-dir --verbose -v --help"
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -F _clawmesh_edge clawmesh-edge
