using System.Globalization;
using System.Text;

namespace ClawMesh.Edge.Tests.House.Shell;

/// <summary>The text of <c>systemd/man/clawmesh-edge.1</c> in the man macros (groff_man(7)), from the tree of verbs.</summary>
internal static class ManPage
{
    private const string Head =
        """
        .\" Generated from the tree of verbs (src/ClawMesh.Edge.Agent/Cli) by `make pages`; a test keeps it so.
        .TH CLAWMESH\-EDGE 1 "" "ClawMesh Edge" "User Commands"
        .SH NAME
        clawmesh\-edge \- field node that senses, gates, actuates and remembers
        .SH SYNOPSIS
        .B clawmesh\-edge
        .I VERB
        .RI [ OPTION ...]
        .SH DESCRIPTION
        A field node reads sensors, moves valves and pumps, and remembers both. Nothing is energised without a permit, and a permit exists
        only after its decision is on disk. Every energised output is on a lease that ends by itself.
        .PP
        .B clawmesh\-edge run
        is the node; every other verb looks at one, asks it, or works on its files. Without a running node only the verbs that need none
        answer.

        """;

    private const string Tail =
        """
        .SH EXIT STATUS
        .TP
        .B 0
        done; for
        .BR diag ,
        no check failed
        .TP
        .B 1
        failed: a fault, a failed check, an outcome that is neither done nor refused
        .TP
        .B 2
        the command line or a configuration file is wrong; the port or the state directory is taken
        .TP
        .B 3
        refused by the gate; nothing was energised
        .TP
        .B 4
        the node is not reachable, or does not permit the read
        .SH ENVIRONMENT
        .TP
        .B CLAWMESH_STATE_DIR
        the state directory, unless
        .B \-\-state\-dir
        names one
        .TP
        .B CLAWMESH_OPERATOR_TOKEN
        the operator token for
        .BR \-\-url ;
        not an option, so that no list of processes shows it
        .TP
        .B XDG_RUNTIME_DIR
        where the socket lies when the state directory cannot hold one
        .SH FILES
        .TP
        .I /var/lib/clawmesh\-edge
        state of the service: identity, trusted peers, configuration, journal. Without the service
        .I ~/.clawmesh
        .TP
        .I /var/lib/clawmesh\-edge/node.json
        configuration;
        .B clawmesh\-edge config show
        tells where each value comes from
        .TP
        .I /etc/clawmesh\-edge/sites
        site files that
        .B \-\-site
        finds by name
        .TP
        .I /etc/clawmesh\-edge/boards
        boards that take the place of those inside the program;
        .I /usr/share/clawmesh\-edge/boards
        holds these to copy
        .TP
        .I /etc/clawmesh\-edge/update.keys
        the keys that may sign updates
        .TP
        .I /usr/lib/clawmesh\-edge/onnxruntime
        where an ONNX Runtime library of your own is looked for
        .TP
        .I /opt/clawmesh\-edge
        updates, and which of them runs
        .TP
        .I /run/clawmesh\-edge/edge.sock
        the local socket; members of the group
        .B clawmesh\-edge
        may use it
        .SH SEE ALSO
        .BR systemctl (1),
        .BR journalctl (1)

        """;

    public static string Render(VerbWords root)
    {
        var page = new StringBuilder(Head.ReplaceLineEndings("\n"));
        page.Append(".SH OPTIONS\nEvery verb takes these, and\n.BR \\-\\-help .\n");
        foreach (OptionWords option in root.Options) Option(page, option);
        page.Append(".SH VERBS\n");
        // A group without a body of its own is only the name before its verbs.
        foreach (VerbWords verb in root.Verbs) Verb(page, verb);
        return page.Append(Tail.ReplaceLineEndings("\n")).ToString();
    }

    private static void Verb(StringBuilder page, VerbWords verb)
    {
        page.Append(CultureInfo.InvariantCulture, $".SS \"{Roff(Synopsis(verb))}\"\n{Line(verb.Help)}");
        foreach (ArgumentWords argument in verb.Arguments.Where(a => a.Help.Length > 0))
            page.Append(CultureInfo.InvariantCulture, $".TP\n.I {Roff(argument.Name)}\n{Line(Allowed(argument.Help, argument.Value))}");
        foreach (OptionWords option in verb.Options) Option(page, option);
        foreach (VerbWords sub in verb.Verbs) Verb(page, sub);
    }

    private static string Synopsis(VerbWords verb)
    {
        var text = new StringBuilder(verb.Path);
        foreach (ArgumentWords argument in verb.Arguments)
        {
            string name = argument.Repeats ? argument.Name + "..." : argument.Name;
            text.Append(CultureInfo.InvariantCulture, $" {(argument.Optional ? $"[{name}]" : name)}");
        }

        if (verb.Verbs.Count > 0) text.Append(" VERB");
        return text.ToString();
    }

    private static void Option(StringBuilder page, OptionWords option)
    {
        page.Append(".TP\n");
        string names = string.Join(", ", option.Names.Select(n => $"\\fB{Roff(n)}\\fR"));
        page.Append(CultureInfo.InvariantCulture, $"{names}{(option.Value is null ? "" : $" \\fI{Roff(option.ValueName)}\\fR")}\n{Line(option.Value is { } value ? Allowed(option.Help, value) : option.Help)}");
    }

    private static string Allowed(string help, ValueWords value) =>
        value.Kind != ValueKind.Words || value.Words.All(help.Contains) ? help : $"{help} One of {string.Join(", ", value.Words)}.".TrimStart();

    // A line that begins with a dot or an apostrophe would be a request of roff.
    private static string Line(string text)
    {
        if (text.Length == 0) return "";
        string line = Roff(text.ReplaceLineEndings(" "));
        return line[0] is '.' or '\'' ? $"\\&{line}\n" : $"{line}\n";
    }

    private static string Roff(string text)
    {
        var roff = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            roff.Append(rune.Value switch
            {
                '\\' => "\\e",
                '-' => "\\-",
                '"' => "\\(dq",
                '\'' => "\\(aq",
                '`' => "\\(ga",
                '^' => "\\(ha",
                '~' => "\\(ti",
                < 128 => rune.ToString(),
                _ => $"\\[u{rune.Value:X4}]",
            });
        }

        return roff.ToString();
    }
}
