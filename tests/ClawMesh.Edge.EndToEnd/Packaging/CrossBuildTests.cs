namespace ClawMesh.Edge.EndToEnd.Packaging;

/// <summary>One run of cross-build/arm64.sh for JetPack 6, shared: sysroot, compiler and emulator are downloaded once and kept in artifacts/cross.</summary>
public sealed class CrossBuild : IAsyncLifetime
{
    public int ExitCode { get; private set; }

    public string Output { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        Ran ran = await PackageScripts.EndAsync(PackageScripts.Script("cross-build/arm64.sh", "6"), TimeSpan.FromMinutes(5));
        ExitCode = ran.ExitCode;
        Output = ran.Output + ran.Error;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>Everything about linux-arm64 that can be proved on this machine, and a clear word about what cannot (docs/cross-build.md).</summary>
[Collection(nameof(Alone))]
public class CrossBuildTests(CrossBuild cross) : IClassFixture<CrossBuild>
{
    private const int Published = 0;
    private const int PacksMissing = 3;
    private const int NoNetwork = 4;

    private static string Artifacts => Path.Combine(EdgeBinary.Root, "artifacts/cross");

    private string Output
    {
        get
        {
            Assert.SkipWhen(cross.ExitCode == NoNetwork, $"Debian's packages cannot be fetched here: {cross.Output.Trim()}");
            return cross.Output;
        }
    }

    [Fact]
    public void A_sysroot_a_compiler_and_a_static_SQLite_for_arm64_work_under_emulation()
    {
        Assert.Matches(@"cross: sysroot: +Debian bullseye for arm64 ", Output);
        Assert.Matches(@"cross: compiler: +aarch64-linux-gnu-gcc", Output);
        Assert.Matches(@"cross: sqlite: +static, opened a database under emulation: SQLite 3\.\d+\.\d+, glibc 2\.31; asks for GLIBC_2\.\d+, ", Output);
    }

    [Fact]
    public void ONNX_Runtime_for_arm64_loads_under_emulation() =>
        Assert.Matches(@"cross: onnxruntime: +loaded under emulation: ONNX Runtime 1\.\d+\.\d+; asks for GLIBC_2\.\d+", Output);

    [Fact]
    public void Either_a_binary_comes_out_and_runs_or_the_missing_packs_are_named()
    {
        Assert.True(Output.Length > 0 && cross.ExitCode is Published or PacksMissing, $"exit {cross.ExitCode}: {cross.Output}");
        if (cross.ExitCode == Published) Assert.Matches(@"cross: smoke: ", Output);
        else Assert.Matches(@"error NU110[12]: Unable to find package \S*linux-arm64", Output);
    }

    [Theory]
    [InlineData("probes-6/sqlite", "5", 0)]
    [InlineData("probes-6/sqlite", "7", 0)]
    [InlineData("probes-6/sqlite", "x64", 1)]
    [InlineData("onnxruntime/libonnxruntime.so.1", "5", 0)]
    [InlineData("onnxruntime/libonnxruntime.so.1", "7", 0)]
    [InlineData("log", "6", 2)]
    public async Task The_check_tells_what_a_generation_can_load(string file, string generation, int exit)
    {
        Assert.True(Output.Length > 0);

        Ran ran = await EdgeBinary.RunAsync(PackageScripts.Script("cross-build/check-elf.sh", Path.Combine(Artifacts, file), generation));

        Assert.True(ran.ExitCode == exit, ran.ToString());
    }

    [Fact]
    public async Task Our_own_binary_is_refused_for_a_Jetson_by_its_machine_and_its_glibc()
    {
        Ran ran = await EdgeBinary.RunAsync(PackageScripts.Script("cross-build/check-elf.sh", EdgeBinary.Path, "5"));

        Assert.Equal(1, ran.ExitCode);
        Assert.Matches(@"machine .*other machine", ran.Output);
        Assert.Matches(@"GLIBC +2\.\d+ +2\.31 +too new", ran.Output);
    }

    [Fact]
    public async Task An_unknown_generation_is_a_usage_error()
    {
        Ran ran = await EdgeBinary.RunAsync(PackageScripts.Script("cross-build/arm64.sh", "4"));

        Assert.Equal(2, ran.ExitCode);
        Assert.Contains("5|6|7", ran.Error, StringComparison.Ordinal);
    }
}
