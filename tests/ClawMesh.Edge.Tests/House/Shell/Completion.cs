using System.Globalization;
using System.Text;

namespace ClawMesh.Edge.Tests.House.Shell;

/// <summary>
/// The completions of the three common shells, from the tree of verbs. They call nothing: a completion that started the binary would be
/// slow on a board, and wrong while an update is on trial.
/// </summary>
internal static class Completion
{
    private const string Origin = "Generated from the tree of verbs (src/ClawMesh.Edge.Agent/Cli) by `make pages`; a test keeps it so.";

    public static string Bash(VerbWords root)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture,
            $$"""
            # Completion of clawmesh-edge(1) for bash. {{Origin}}

            # What follows an option: a kind of value in $kind, or false for a switch.
            _clawmesh_edge_value() { # VERB|OPTION
                case $1 in
            {{BashValues(root)}}
                    *) return 1 ;;
                esac
            }

            _clawmesh_edge() {
                local word=${COMP_WORDS[COMP_CWORD]} verb= kind= words= at
                COMPREPLY=()
                for ((at = 1; at < COMP_CWORD; at++)); do
                    _clawmesh_edge_value "$verb|${COMP_WORDS[at - 1]}" && continue
                    case "$verb ${COMP_WORDS[at]}" in
                        {{string.Join(" | ", root.All().Where(v => v.Path.Length > 0).Select(v => $"'{Prefixed(v.Path)}'"))}})
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
            {{BashVerbs(root)}}
                esac
                if [[ $word != -* && $words == *'<file>'* ]]; then
                    compopt -o filenames
                    mapfile -t COMPREPLY < <(compgen -f -- "$word")
                    return
                fi
                [[ $word == -* ]] && words+=" {{string.Join(' ', Everywhere(root))}}"
                mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
            }

            complete -F _clawmesh_edge clawmesh-edge

            """);
        return text.ReplaceLineEndings();
    }

    public static string Zsh(VerbWords root)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture,
            $$"""
            #compdef clawmesh-edge
            # Completion of clawmesh-edge(1) for zsh. {{Origin}}

            # What follows an option: a kind of value in $kind, or false for a switch.
            _clawmesh_edge_value() {
                case $1 in
            {{BashValues(root)}}
                    *) return 1 ;;
                esac
            }

            _clawmesh_edge() {
                local verb= kind= at
                local -a told
                for ((at = 2; at < CURRENT; at++)); do
                    _clawmesh_edge_value "$verb|$words[at - 1]" && continue
                    case "$verb $words[at]" in
                        {{string.Join(" | ", root.All().Where(v => v.Path.Length > 0).Select(v => $"'{Prefixed(v.Path)}'"))}})
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
            {{ZshVerbs(root)}}
                esac
                if [[ $PREFIX == -* ]]; then
                    told+=({{ZshTold(root.Options)}} '--help:Show help.')
                fi
                (( $#told )) && _describe value told
            }

            _clawmesh_edge "$@"

            """);
        return text.ReplaceLineEndings();
    }

    public static string Fish(VerbWords root)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"# Completion of clawmesh-edge(1) for fish. {Origin}\n");
        text.Append("complete -c clawmesh-edge -f\n");
        foreach (VerbWords verb in root.All())
        {
            string where = FishWhere(verb, root);
            foreach (VerbWords sub in verb.Verbs)
                text.Append(CultureInfo.InvariantCulture, $"complete -c clawmesh-edge -n {FishQuoted(where)} -a {sub.Name} -d {FishQuoted(Short(sub.Help))}\n");
            foreach (OptionWords option in verb.Options)
            {
                text.Append("complete -c clawmesh-edge");
                if (verb.Path.Length > 0) text.Append(CultureInfo.InvariantCulture, $" -n {FishQuoted(where)}");
                foreach (string name in option.Names) text.Append(CultureInfo.InvariantCulture, $" {(name.StartsWith("--", StringComparison.Ordinal) ? "-l" : "-s")} {name.TrimStart('-')}");
                text.Append(option.Value switch
                {
                    null => "",
                    { Kind: ValueKind.File } => " -r -F",
                    { Kind: ValueKind.Directory } => " -x -a '(__fish_complete_directories)'",
                    { Kind: ValueKind.Words } words => $" -x -a {FishQuoted(string.Join(' ', words.Words))}",
                    _ => " -x",
                });
                text.Append(CultureInfo.InvariantCulture, $" -d {FishQuoted(Short(option.Help))}\n");
            }

            foreach (ArgumentWords argument in verb.Arguments)
            {
                if (argument.Value.Kind == ValueKind.Words) text.Append(CultureInfo.InvariantCulture, $"complete -c clawmesh-edge -n {FishQuoted(where)} -a {FishQuoted(string.Join(' ', argument.Value.Words))}\n");
                if (argument.Value.Kind == ValueKind.File) text.Append(CultureInfo.InvariantCulture, $"complete -c clawmesh-edge -n {FishQuoted(where)} -F\n");
            }
        }

        return text.Append("complete -c clawmesh-edge -l help -s h -d 'Show help.'\n").ToString();
    }

    // Those of the root count behind every verb.
    private static string BashValues(VerbWords root) => string.Join('\n', root.All().SelectMany(verb => verb.Options.Where(o => o.Value is not null).Select(option =>
    {
        string names = string.Join(" | ", option.Names.Select(n => verb.Path.Length == 0 ? $"*'|{n}'" : $"'{verb.Path}|{n}'"));
        string kind = option.Value!.Kind switch
        {
            ValueKind.File => "file",
            ValueKind.Directory => "directory",
            ValueKind.Words => $"'{string.Join(' ', option.Value.Words)}'",
            _ => "",
        };
        return $"        {names}) kind={kind} ;;";
    })));

    private static string BashVerbs(VerbWords root) => string.Join('\n', root.All().Select(verb =>
    {
        IEnumerable<string> words =
        [
            .. verb.Verbs.Select(v => v.Name),
            .. verb.Arguments.SelectMany(a => a.Value.Kind == ValueKind.File ? ["<file>"] : a.Value.Words),
            .. verb.Path.Length == 0 ? [] : verb.Options.SelectMany(o => o.Names),
        ];
        return $"        '{verb.Path}') words='{string.Join(' ', words)}' ;;";
    }));

    private static string ZshVerbs(VerbWords root) => string.Join('\n', root.All().Select(verb =>
    {
        var lines = new StringBuilder($"        '{verb.Path}')\n");
        if (verb.Verbs.Count > 0) lines.Append($"            told=({string.Join(' ', verb.Verbs.Select(v => ZshWord(v.Name, v.Help)))})\n");
        foreach (ArgumentWords argument in verb.Arguments)
        {
            if (argument.Value.Kind == ValueKind.Words) lines.Append($"            told+=({string.Join(' ', argument.Value.Words)})\n");
            if (argument.Value.Kind == ValueKind.File) lines.Append("            [[ $PREFIX != -* ]] && _files\n");
        }

        if (verb.Path.Length > 0 && verb.Options.Count > 0) lines.Append($"            [[ $PREFIX == -* ]] && told+=({ZshTold(verb.Options)})\n");
        return lines.Append("            ;;").ToString();
    }));

    private static string ZshTold(IEnumerable<OptionWords> options) => string.Join(' ', options.SelectMany(o => o.Names.Select(n => ZshWord(n, o.Help))));

    private static string ZshWord(string word, string help) => $"'{word}:{Short(help).Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private static IEnumerable<string> Everywhere(VerbWords root) => [.. root.Options.SelectMany(o => o.Names), "--help"];

    private static string Prefixed(string path) => path.Contains(' ', StringComparison.Ordinal) ? path : " " + path;

    private static string FishWhere(VerbWords verb, VerbWords root)
    {
        if (verb.Path.Length == 0) return $"not __fish_seen_subcommand_from {string.Join(' ', root.Verbs.Select(v => v.Name))}";
        string seen = string.Join("; and ", verb.Path.Split(' ').Select(name => $"__fish_seen_subcommand_from {name}"));
        return verb.Verbs.Count == 0 ? seen : $"{seen}; and not __fish_seen_subcommand_from {string.Join(' ', verb.Verbs.Select(v => v.Name))}";
    }

    // A quote inside would end the string; fish knows one escape within single quotes.
    private static string FishQuoted(string text) => $"'{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal)}'";

    /// <summary>The first sentence, which is what fits beside a word.</summary>
    private static string Short(string help)
    {
        // "e.g. 10s" is no end of a sentence.
        int end = -1;
        do end = help.IndexOf(". ", end + 1, StringComparison.Ordinal);
        while (end >= 0 && end + 2 < help.Length && !char.IsUpper(help[end + 2]));
        return (end < 0 ? help : help[..(end + 1)]).ReplaceLineEndings(" ");
    }

    private static string ReplaceLineEndings(this StringBuilder text) => text.ToString().ReplaceLineEndings("\n");
}
