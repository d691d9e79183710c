namespace ClawMesh.Edge.Agent.Update;

/// <summary>
/// The words behind <c>unhealthy</c> in the health file, one for each thing that is wrong. A shell script takes them apart, and an update
/// compares those of the new version with those of the old.
/// </summary>
internal static class HealthWords
{
    /// <summary>The safety tick stands still.</summary>
    public const string Tick = "tick";

    /// <summary>The mesh port does not listen.</summary>
    public const string Port = "port";

    /// <summary>The local socket is closed.</summary>
    public const string Socket = "socket";

    /// <summary>There is more than a line holds.</summary>
    public const string More = "more";

    public const string Journal = "journal";

    /// <summary>No sensor of the site gives a value.</summary>
    public const string Sensors = "sensors";

    public const string Output = "output:";

    public const string Part = "part:";

    /// <summary>What no update is forgiven, whatever ailed the node before it: a node that does not tick, listen or answer is of no use.</summary>
    public static bool IsVital(string word) => word is Tick or Port or Socket or More;

    public static bool IsPlain(string word)
    {
        foreach (char c in word)
        {
            if (!IsPlain(c)) return false;
        }

        return word.Length > 0;
    }

    /// <summary>A name as one word.</summary>
    public static string Word(string prefix, string name) => string.Create(prefix.Length + name.Length, (prefix, name), static (span, parts) =>
    {
        parts.prefix.CopyTo(span);
        for (int i = 0; i < parts.name.Length; i++) span[parts.prefix.Length + i] = IsPlain(parts.name[i]) ? parts.name[i] : '_';
    });

    private static bool IsPlain(char c) => char.IsAsciiLetterOrDigit(c) || c is ':' or '.' or '_' or '-';
}
