using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

[assembly: AssemblyFixture(typeof(ClawMesh.Edge.Rig.RigRun))]

namespace ClawMesh.Edge.Rig;

/// <summary>
/// One boot of the rig for the whole assembly: prepares it (nothing to do when it is cached), packs the published binary and every
/// scenario, runs them all and keeps the console. The console and the figures stay in <c>artifacts/rig</c>.
/// </summary>
public sealed class RigRun : IAsyncLifetime
{
    private const string Variable = "CLAWMESH_EDGE_BINARY";
    // Names separated by spaces: only these run, the others are skipped. For whoever writes one.
    private const string OnlyVariable = "RIG_SCENARIOS";
    private const int NotAvailable = 3;
    private const int LimitSeconds = 300;

    private static readonly TimeSpan SetupLimit = TimeSpan.FromMinutes(10);

    private static readonly string[] Only = (Environment.GetEnvironmentVariable(OnlyVariable) ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private string? _skip;
    private string? _broken;
    private RigConsole _console = new([]);

    /// <summary>The repository these tests were built from.</summary>
    public static string Root { get; } = FindRoot();

    private static string Work => Path.Combine(Root, "artifacts/rig");

    private static string Own => Path.Combine(Root, "tests/ClawMesh.Edge.Rig");

    /// <summary>Fails unless the scenario ended and every check its script names was reported ok; skips when there is no rig.</summary>
    /// <param name="more">Script the scenario takes from elsewhere, with checks of its own.</param>
    public void Expect(string scenario, string more = "")
    {
        Assert.SkipWhen(_skip is not null, _skip ?? "");
        Assert.SkipWhen(Only.Length > 0 && !Only.Contains(scenario), $"{OnlyVariable} names others");
        IReadOnlyList<string> problems = _console.Problems(scenario, File.ReadAllText(Path.Combine(Own, "scenarios", scenario + ".sh")) + "\n" + more);
        Assert.True(problems.Count == 0, $"{string.Join('\n', problems)}\n\n{_broken}\n--- console\n{_console.Excerpt(_broken is null ? scenario : null)}");
    }

    /// <summary>Fails unless the guest came to its own end with nothing in its kernel log that should not be there.</summary>
    public void ExpectOrderlyEnd()
    {
        Assert.SkipWhen(_skip is not null, _skip ?? "");
        Assert.True(_broken is null, $"{_broken}\n--- console\n{_console.Excerpt()}");
    }

    /// <summary>A number measured in the guest. Emulated time: it says nothing about a real board.</summary>
    public double Figure(string name)
    {
        Assert.SkipWhen(_skip is not null, _skip ?? "");
        return Assert.Single(_console.Figures, f => f.Name == name).Value;
    }

    public async ValueTask InitializeAsync()
    {
        string figures = Path.Combine(Work, "figures.txt");
        if (File.Exists(figures)) File.Delete(figures);
        string binary = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named ? named : Path.Combine(Root, "artifacts/publish/linux-x64/clawmesh-edge");
        if (!File.Exists(binary))
        {
            _skip = $"no published binary at '{binary}'; run `make publish`, or name one in {Variable}";
            return;
        }

        (int setup, List<string> said, _) = await RunAsync(SetupLimit, Path.Combine(Root, "hw/rig/setup.sh"), Work);
        if (setup == NotAvailable)
        {
            _skip = said.LastOrDefault(l => l.StartsWith("rig: ", StringComparison.Ordinal)) ?? "the rig is not available here";
            return;
        }

        if (setup != 0)
        {
            _broken = $"hw/rig/setup.sh ended with {setup}:\n{string.Join('\n', said.TakeLast(40))}";
            return;
        }

        string payload = Directory.CreateTempSubdirectory("rig-").FullName;
        try
        {
            Pack(payload, binary);
            await BootAsync(payload);
        }
        finally
        {
            Directory.Delete(payload, recursive: true);
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static void Pack(string payload, string binary)
    {
        File.Copy(binary, Path.Combine(payload, "clawmesh-edge"));
        File.Copy(Path.Combine(Root, "hw/rig/bench.sh"), Path.Combine(payload, "bench.sh"));
        CopyFiles(Path.Combine(Own, "guest"), payload);
        foreach (string folder in (string[])["scenarios", "data"])
        {
            if (Directory.Exists(Path.Combine(Own, folder))) CopyFiles(Path.Combine(Own, folder), Directory.CreateDirectory(Path.Combine(payload, folder)).FullName);
        }

        PartCases.Write(Path.Combine(payload, "data"));
        foreach (string script in Directory.EnumerateFiles(Path.Combine(payload, "scenarios")))
        {
            if (Only.Length > 0 && !Only.Contains(Path.GetFileNameWithoutExtension(script))) File.Delete(script);
        }
    }

    private static void CopyFiles(string from, string to)
    {
        foreach (string file in Directory.EnumerateFiles(from)) File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
    }

    private async Task BootAsync(string payload)
    {
        long started = Stopwatch.GetTimestamp();
        (int status, List<string> lines, TimeSpan? booted) = await RunAsync(
            TimeSpan.FromSeconds(LimitSeconds + 30), Path.Combine(Root, "hw/rig/run-initramfs.sh"), Work, payload, LimitSeconds.ToString(CultureInfo.InvariantCulture));
        TimeSpan took = Stopwatch.GetElapsedTime(started);

        _console = new RigConsole(lines);
        if (status > 1) _broken = $"the guest ended with {status} (2: the bench could not be built; 3: its kernel complained; 98: it panicked or was reset; 124: not within {LimitSeconds} s)";
        await File.WriteAllLinesAsync(Path.Combine(Work, "console.log"), lines);
        Figure[] figures =
        [
            new("rig-boot", booted is { } at ? Math.Round(at.TotalSeconds, 1) : double.NaN, "s"),
            new("rig-whole", Math.Round(took.TotalSeconds, 1), "s"),
            .. _console.Figures,
        ];
        await File.WriteAllLinesAsync(Path.Combine(Work, "figures.txt"), figures.Select(f => string.Create(CultureInfo.InvariantCulture, $"{f.Name} {f.Value} {f.Unit}")));
    }

    /// <summary>Runs a script to its end; also how long it took until the guest's first process spoke.</summary>
    private static async Task<(int Status, List<string> Lines, TimeSpan? Booted)> RunAsync(TimeSpan limit, params string[] command)
    {
        var start = new ProcessStartInfo("bash", command) { RedirectStandardOutput = true, RedirectStandardError = true };
        long started = Stopwatch.GetTimestamp();
        var lines = new ConcurrentQueue<string>();
        TimeSpan? booted = null;
        using Process process = Process.Start(start)!;
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        using var over = new CancellationTokenSource(limit);
        try
        {
            await process.WaitForExitAsync(over.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            lines.Enqueue($"rig: {Path.GetFileName(command[0])} did not end within {limit.TotalSeconds} s");
            return (124, [.. lines], booted);
        }

        return (process.ExitCode, [.. lines], booted);

        void Keep(string? line)
        {
            if (line is null) return;
            if (line.StartsWith("RIG-INIT", StringComparison.Ordinal)) booted = Stopwatch.GetElapsedTime(started);
            lines.Enqueue(line);
        }
    }

    private static string FindRoot()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "ClawMesh.Edge.sln"))) return at.FullName;
        }

        throw new DirectoryNotFoundException($"No directory above '{AppContext.BaseDirectory}' holds ClawMesh.Edge.sln.");
    }
}
