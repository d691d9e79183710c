namespace ClawMesh.Edge.Agent.Cli;

/// <summary>Which terminals take ANSI sequences. Spectre's own list, whose regular expressions are left out of the binary (aot/Substitutions.xml).</summary>
internal static class TerminalType
{
    private static readonly string[] Beginnings = ["xterm", "rxvt", "eterm", "screen", "vt100", "vt102", "vt220", "vt320", "st-256color"];

    private static readonly string[] Parts = ["tmux", "ansi", "cygwin", "linux", "konsole", "bvterm", "alacritty"];

    /// <param name="term">The environment's <c>TERM</c>.</param>
    public static bool TakesAnsi(string? term)
    {
        if (term is null) return false;
        foreach (string beginning in Beginnings)
        {
            if (term.StartsWith(beginning, StringComparison.Ordinal)) return true;
        }

        foreach (string part in Parts)
        {
            if (term.Contains(part, StringComparison.Ordinal)) return true;
        }

        return false;
    }
}
