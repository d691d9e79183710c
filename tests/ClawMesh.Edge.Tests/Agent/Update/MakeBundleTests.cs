using System.Diagnostics;
using ClawMesh.Edge.Agent.Update;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.Tests.House;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Agent.Update;

/// <summary>What the script makes, the program takes: the two share nothing but the format.</summary>
public sealed class MakeBundleTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new();

    [Fact]
    public void A_bundle_of_the_script_is_verified_and_unpacked()
    {
        Assert.SkipWhen(!OpenSslThree(), "no OpenSSL 3 program here; it signs bundles");
        string binary = _scratch.Put("binary", "a binary\n");
        string note = _scratch.Put("note", "read me\n");
        string line = Run("--new-key", _scratch.At("operator.pem"));
        Run("--key", _scratch.At("operator.pem"), "--binary", binary, "--version", "0.2.0", "--min-kernel", "5.10", "--out", _scratch.At("it.bundle"), $"doc/note={note}");

        using Bundle bundle = Bundle.Open(_scratch.At("it.bundle"), OperatorKeys.Parse(line, "update.keys"), new Ed25519Verifier());
        bundle.Unpack(_scratch.At("out"));

        Assert.Equal(("0.2.0", "linux-x64", "5.10", "operator"), (bundle.Manifest.Version, bundle.Manifest.Rid, bundle.Manifest.MinKernel, bundle.Signer));
        Assert.Equal("a binary\n", File.ReadAllText(_scratch.At("out/clawmesh-edge")));
        Assert.Equal("read me\n", File.ReadAllText(_scratch.At("out/doc/note")));
        Assert.Equal("0600", UnixMode.Octal(File.GetUnixFileMode(_scratch.At("operator.pem"))));
    }

    public void Dispose() => _scratch.Dispose();

    private static bool OpenSslThree()
    {
        try
        {
            using Process openssl = Process.Start(new ProcessStartInfo("openssl", "version") { RedirectStandardOutput = true })!;
            return openssl.StandardOutput.ReadToEnd().StartsWith("OpenSSL 3", StringComparison.Ordinal);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private static string Run(params IReadOnlyList<string> arguments)
    {
        var start = new ProcessStartInfo("bash") { RedirectStandardOutput = true };
        start.ArgumentList.Add(Path.Combine(Repository.Root, "aot/make-bundle.sh"));
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        start.Environment.Remove("RID");
        using Process script = Process.Start(start)!;
        string output = script.StandardOutput.ReadToEnd();
        script.WaitForExit();
        Assert.Equal(0, script.ExitCode);
        return output;
    }
}
