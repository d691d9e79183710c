using System.Diagnostics;

namespace ClawMesh.Edge.EndToEnd.Packaging;

/// <summary>Compressors, lintian and a whole dpkg would take the processor from tests that time a node.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;

/// <summary>Runs the build scripts of the package as <c>make</c> does, into a folder of its own.</summary>
internal static class PackageScripts
{
    /// <summary>Builds with the least effort of xz: what is tested is not its patience.</summary>
    /// <returns>The file that came out.</returns>
    public static async Task<string> BuildAsync(string script, string folder, string? version = null)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/dpkg-deb"), "needs dpkg-deb, which is on Debian and Ubuntu");
        ProcessStartInfo start = Script($"systemd/debian/{script}", "linux-x64");
        start.Environment["CLAWMESH_EDGE_BINARY"] = EdgeBinary.Path;
        start.Environment["PACKAGE_OUT"] = folder;
        start.Environment["PACKAGE_LEVEL"] = "0";
        if (version is not null) start.Environment["PACKAGE_VERSION"] = version;
        Ran ran = await EndAsync(start, TimeSpan.FromMinutes(3));
        Assert.True(ran.ExitCode == 0, ran.ToString());
        return ran.Output.Trim();
    }

    /// <summary>Waits longer than for a verb: these scripts compress, download and boot, on a machine that does other things too.</summary>
    public static async Task<Ran> EndAsync(ProcessStartInfo start, TimeSpan limit)
    {
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        using var ends = new CancellationTokenSource(limit);
        try
        {
            await process.WaitForExitAsync(ends.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{string.Join(' ', start.ArgumentList)} did not end within {limit.TotalSeconds} s. It printed: {await output} {await error}");
        }

        return new Ran(process.ExitCode, await output, await error);
    }

    public static ProcessStartInfo Script(string path, params ReadOnlySpan<string> arguments) => Program("bash", [Path.Combine(EdgeBinary.Root, path), .. arguments]);

    public static ProcessStartInfo Program(string program, params ReadOnlySpan<string> arguments)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        start.Environment["LC_ALL"] = "C.UTF-8";
        return start;
    }

    /// <summary>Runs a program of the system, or skips by its name.</summary>
    public static async Task<Ran> RunAsync(string program, params string[] arguments)
    {
        Assert.SkipUnless(Array.Exists((string[])["/usr/bin", "/bin", "/usr/sbin"], folder => File.Exists(Path.Combine(folder, program))), $"{program} is not installed; .ci/setup package installs it");
        return await EndAsync(Program(program, arguments), TimeSpan.FromMinutes(3));
    }
}
