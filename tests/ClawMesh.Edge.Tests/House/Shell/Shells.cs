using System.ComponentModel;
using System.Diagnostics;

namespace ClawMesh.Edge.Tests.House.Shell;

/// <summary>Programs of the system that judge what we generate. Where one is missing, the test says so by name.</summary>
internal static class Shells
{
    public static (int Exit, string Output, string Error) Run(string program, params ReadOnlySpan<string> arguments)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        start.Environment["LC_ALL"] = "C.UTF-8";
        try
        {
            using Process process = Process.Start(start)!;
            process.StandardInput.Close();
            Task<string> error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, output, error.GetAwaiter().GetResult());
        }
        catch (Win32Exception missing)
        {
            Assert.Skip($"{program} is not installed; .ci/setup package installs it ({missing.Message})");
            throw;
        }
    }
}

/// <summary>A file of the repository that is made from the sources.</summary>
internal static class GeneratedFile
{
    public static void Write(string path, string text)
    {
        string file = Path.Combine(Repository.Root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }
}
