using System.Globalization;
using ClawMesh.Edge.Hardware.Host;

namespace ClawMesh.Edge.Hardware.Jetson;

/// <summary>One mode of <c>/etc/nvpmodel.conf</c>.</summary>
public sealed class PowerModeName(int id, string name)
{
    public int Id => id;

    public string Name => name;
}

/// <summary>
/// What <c>nvpmodel</c> has been told, from its own two files: <c>/var/lib/nvpmodel/status</c> holds <c>pmode:0002</c>, the table holds
/// <c>&lt; POWER_MODEL ID=2 NAME=MAXN &gt;</c> and <c>&lt; PM_CONFIG DEFAULT=2 &gt;</c>. No program is run.
/// </summary>
public sealed class PowerMode(string? status, int? id, int? defaultId, IReadOnlyList<PowerModeName> modes)
{
    /// <summary>The first line of the status file, for a message; null when it is not there.</summary>
    public string? Status => status;

    /// <summary>Null when the status file names none.</summary>
    public int? Id => id;

    /// <summary>The mode of a freshly flashed board.</summary>
    public int? DefaultId => defaultId;

    /// <summary>Empty without a readable table.</summary>
    public IReadOnlyList<PowerModeName> Modes => modes;

    internal const string StatusFile = "var/lib/nvpmodel/status";
    internal const string TableFile = "etc/nvpmodel.conf";

    private const string IdWord = "pmode:";
    private const int MaxModes = 32;

    /// <summary>The name the table gives an id; null when it knows none.</summary>
    public string? NameOf(int? id)
    {
        foreach (PowerModeName mode in Modes)
        {
            if (mode.Id == id) return mode.Name;
        }

        return null;
    }

    /// <summary>Never throws; what cannot be read is absent.</summary>
    internal static PowerMode Read(string root)
    {
        string? status = KernelFile.TryReadText(Path.Combine(root, StatusFile))?.Split('\n')[0];
        int? defaultId = null;
        var modes = new List<PowerModeName>();
        foreach (string line in (KernelFile.TryReadText(Path.Combine(root, TableFile)) ?? "").Split('\n'))
        {
            // Its header explains these very lines; only those that begin with the bracket are meant.
            if (!line.StartsWith('<')) continue;
            if (line.Contains("PM_CONFIG", StringComparison.Ordinal)) defaultId = Number(line, "DEFAULT=") ?? defaultId;
            else if (line.Contains("POWER_MODEL", StringComparison.Ordinal) && Number(line, "ID=") is { } id && modes.Count < MaxModes)
                modes.Add(new PowerModeName(id, After(line, "NAME=").TrimEnd('>', ' ', '\r')));
        }

        return new PowerMode(status, status is null ? null : Number(status, IdWord), defaultId, modes);
    }

    /// <summary>The id in a status file.</summary>
    internal static double Sample(Core.Readings.SensorId sensor, string path)
    {
        string text = System.Text.Encoding.ASCII.GetString(KernelFile.Read(sensor, path, stackalloc byte[128]));
        return Number(text, IdWord) ?? throw KernelFile.Failed(sensor, path, $"It holds '{text.Trim()}' and no '{IdWord}'.");
    }

    private static string After(string line, string word)
    {
        int at = line.IndexOf(word, StringComparison.Ordinal);
        return at < 0 ? "" : line[(at + word.Length)..];
    }

    private static int? Number(string line, string word)
    {
        string rest = After(line, word);
        int digits = 0;
        while (digits < rest.Length && char.IsAsciiDigit(rest[digits])) digits++;
        return int.TryParse(rest.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;
    }
}
