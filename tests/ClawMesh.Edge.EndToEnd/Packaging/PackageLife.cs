using System.Collections.Frozen;

namespace ClawMesh.Edge.EndToEnd.Packaging;

/// <summary>One life of the package (life.sh), and what was seen in it. Built and lived once for all tests of <see cref="PackageLifeTests"/>.</summary>
public sealed class PackageLife : IAsyncLifetime
{
    private FrozenDictionary<string, string> _seen = FrozenDictionary<string, string>.Empty;
    private string _unable = "";
    private string _raw = "";

    public async ValueTask InitializeAsync()
    {
        if (Environment.UserName != "root")
        {
            _unable = "needs root and namespaces of its own";
            return;
        }

        if (!File.Exists(EdgeBinary.Named) || !File.Exists("/usr/bin/dpkg-deb"))
        {
            _unable = "needs the published binary and dpkg-deb";
            return;
        }

        using var folder = new TempState();
        string old = await PackageScripts.BuildAsync("deb.sh", folder, "1.0.0");
        string young = await PackageScripts.BuildAsync("deb.sh", folder, "1.1.0");
        string stage = Directory.CreateDirectory(Path.Combine(folder, "stage")).FullName;

        // --kill-child: whatever the life leaves running ends with it.
        Ran ran = await PackageScripts.EndAsync(PackageScripts.Program("unshare",
        [
            "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private", "--",
            "bash", Path.Combine(EdgeBinary.Root, "tests/ClawMesh.Edge.EndToEnd/Packaging/life.sh"), old, young, stage,
        ]), TimeSpan.FromMinutes(5));
        _raw = ran.ToString();
        if (ran.Error.Contains("unshare failed", StringComparison.Ordinal)) _unable = $"needs namespaces of its own: {ran.Error.Trim()}";
        var seen = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string line in ran.Output.Split('\n'))
        {
            if (line.IndexOf('=', StringComparison.Ordinal) is > 0 and int at) seen[line[..at]] = line[(at + 1)..].Trim();
        }

        _seen = seen.ToFrozenDictionary(StringComparer.Ordinal);
        if (seen.TryGetValue("unable", out string? why)) _unable = why;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>What was seen under a name of life.sh.</summary>
    public string this[string name]
    {
        get
        {
            Assert.SkipWhen(_unable.Length > 0, _unable);
            return _seen.TryGetValue(name, out string? value) ? value : throw new KeyNotFoundException($"The life did not get as far as '{name}'. {_raw}");
        }
    }
}
