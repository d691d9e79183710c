using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace ClawMesh.Edge.EndToEnd;

/// <summary>The published binary, run as anyone would run it: a process, its exit code, its two streams.</summary>
internal static class EdgeBinary
{
    private const string Variable = "CLAWMESH_EDGE_BINARY";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>Where it should be, for fixtures: a test that finds nothing there asks <see cref="Path"/>, and is skipped by name.</summary>
    public static string Named => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named ? named : Default();

    public static string Path
    {
        get
        {
            string path = Named;
            // `make test` names the binary it has just published; without one there is nothing to test, and that is said by name.
            Assert.SkipWhen(!File.Exists(path), $"no published binary at '{path}'; run `make publish`, or name one in {Variable}");
            return path;
        }
    }

    public static ProcessStartInfo StartInfo(params ReadOnlySpan<string> arguments)
    {
        var start = new ProcessStartInfo(Path) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        start.Environment.Remove("CLAWMESH_STATE_DIR");
        start.Environment.Remove("XDG_RUNTIME_DIR");
        return start;
    }

    public static async Task<Ran> RunAsync(params string[] arguments) => await RunAsync(StartInfo(arguments));

    public static async Task<Ran> RunAsync(ProcessStartInfo start)
    {
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw new TimeoutException($"{string.Join(' ', start.ArgumentList)} did not end within {Limit.TotalSeconds} s. It printed: {await output} {await error}");
        }

        return new Ran(process.ExitCode, await output, await error);
    }

    /// <summary>The repository's folder; empty where the tests run outside of it.</summary>
    public static string Root
    {
        get
        {
            for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            {
                if (File.Exists(System.IO.Path.Combine(folder.FullName, "ClawMesh.Edge.sln"))) return folder.FullName;
            }

            return "";
        }
    }

    private static string Default() => Root is { Length: > 0 } root ? System.IO.Path.Combine(root, "artifacts/publish/linux-x64/clawmesh-edge") : "clawmesh-edge";
}

/// <summary>What a run left behind.</summary>
internal sealed record Ran(int ExitCode, string Output, string Error)
{
    /// <summary>The one JSON object on standard output.</summary>
    public JsonElement Json
    {
        get
        {
            using JsonDocument document = JsonDocument.Parse(Output);
            return document.RootElement.Clone();
        }
    }

    public JsonElement Data => Json.GetProperty("data");

    public override string ToString() => new StringBuilder().Append("exit ").Append(ExitCode).Append("\nstdout: ").Append(Output).Append("\nstderr: ").Append(Error).ToString();
}
