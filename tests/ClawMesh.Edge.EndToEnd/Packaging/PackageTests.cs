using System.Security.Cryptography;

namespace ClawMesh.Edge.EndToEnd.Packaging;

/// <summary>One package and one tarball for all tests of <see cref="PackageTests"/>.</summary>
public sealed class BuiltPackages : IAsyncLifetime
{
    private readonly TempState _folder = new();

    public string Deb { get; private set; } = "";

    public string Tarball { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        // Without a binary, or dpkg-deb, each test says so by name.
        if (!File.Exists(EdgeBinary.Named) || !File.Exists("/usr/bin/dpkg-deb")) return;
        Deb = await PackageScripts.BuildAsync("deb.sh", _folder);
        Tarball = await PackageScripts.BuildAsync("tarball.sh", _folder);
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }
}

/// <summary>What <c>make deb</c> and <c>make tarball</c> make of the published binary.</summary>
[Collection(nameof(Alone))]
public class PackageTests(BuiltPackages built) : IClassFixture<BuiltPackages>
{
    private string Deb => Built(built.Deb);

    private string Tarball => Built(built.Tarball);

    [Theory]
    [InlineData("deb.sh")]
    [InlineData("tarball.sh")]
    public async Task Two_builds_are_the_same_bytes_wherever_and_whenever_they_were_made(string script)
    {
        string first = script == "deb.sh" ? Deb : Tarball;
        using var elsewhere = new TempState();

        string second = await PackageScripts.BuildAsync(script, elsewhere);

        Assert.Equal(Path.GetFileName(first), Path.GetFileName(second));
        Assert.Equal(await HashAsync(first), await HashAsync(second));
    }

    [Fact]
    public async Task Everything_belongs_to_root_and_nobody_else_may_write_it()
    {
        Ran list = await PackageScripts.RunAsync("dpkg-deb", "-c", Deb);

        string[] lines = list.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.All(lines, line => Assert.Matches("^(drwxr-xr-x|-rwxr-xr-x|-rw-r--r--) root/root ", line));
        string[] executable = [.. lines.Where(line => line.StartsWith("-rwx", StringComparison.Ordinal)).Select(line => line[(line.LastIndexOf(' ') + 1)..])];
        Assert.Equal(["./usr/bin/clawmesh-edge", "./usr/lib/clawmesh-edge/clawmesh-edge", "./usr/lib/clawmesh-edge/start-guard"], executable);
        foreach (string file in (string[])
        [
            "./usr/lib/systemd/system/clawmesh-edge.service", "./usr/lib/sysusers.d/clawmesh-edge.conf", "./usr/lib/tmpfiles.d/clawmesh-edge.conf",
            "./usr/lib/udev/rules.d/60-clawmesh-edge.rules", "./usr/share/clawmesh-edge/boards/orin-nano.json", "./usr/share/man/man1/clawmesh-edge.1.gz",
            "./usr/share/bash-completion/completions/clawmesh-edge", "./usr/share/doc/clawmesh-edge/copyright", "./usr/share/doc/clawmesh-edge/changelog.Debian.gz",
            "./usr/lib/clawmesh-edge/onnxruntime/", "./etc/clawmesh-edge/boards/",
        ])
        {
            Assert.Contains(lines, line => line.EndsWith(" " + file, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task It_depends_on_what_the_binary_needs()
    {
        using var folder = new TempState();
        string depends = (await PackageScripts.RunAsync("dpkg-deb", "-f", Deb, "Depends")).Output.Trim();
        // dpkg-shlibdeps reads a source package's control file only to know that there is one.
        Directory.CreateDirectory(Path.Combine(folder, "debian"));
        await File.WriteAllTextAsync(Path.Combine(folder, "debian/control"), "Source: clawmesh-edge\n\nPackage: clawmesh-edge\nArchitecture: any\n", TestContext.Current.CancellationToken);
        Assert.SkipUnless(File.Exists("/usr/bin/dpkg-shlibdeps"), "dpkg-shlibdeps is not installed; .ci/setup package installs it");
        var start = PackageScripts.Program("dpkg-shlibdeps", ["-O", "-e", EdgeBinary.Path]);
        start.WorkingDirectory = folder;

        Ran found = await EdgeBinary.RunAsync(start);

        Assert.True(found.ExitCode == 0, found.ToString());
        Assert.Equal("shlibs:Depends=" + depends[..depends.IndexOf(',', StringComparison.Ordinal)], found.Output.Trim());
        // Loaded by name at run time, so that no tool sees it.
        Assert.Contains("libssl3 | libssl3t64 | libssl1.1", depends, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lintian_has_nothing_to_say_that_is_not_answered_in_the_overrides()
    {
        Ran ran = await PackageScripts.RunAsync("lintian", "--allow-root", "--fail-on", "error,warning", Deb);

        Assert.True(ran.ExitCode == 0, ran.ToString());
    }

    [Fact]
    public async Task The_binary_runs_on_the_oldest_Debian_it_is_published_for()
    {
        Ran table = await EdgeBinary.RunAsync(PackageScripts.Script("cross-build/check-elf.sh", EdgeBinary.Path, "x64"));

        Assert.True(table.ExitCode == 0, table.ToString());
        Assert.Matches(@"GLIBC\s+2\.\d+\s+2\.36\s+ok", table.Output);
    }

    [Fact]
    public async Task The_tarball_holds_the_same_files_and_says_how_to_install_them()
    {
        Ran packed = await PackageScripts.RunAsync("dpkg-deb", "-c", Deb);
        Ran tarred = await PackageScripts.RunAsync("tar", "-tf", Tarball);

        string[] only = ["usr/share/lintian", "usr/share/doc/clawmesh-edge/changelog"];
        IEnumerable<string> expected = packed.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line[(line.IndexOf("./", StringComparison.Ordinal) + 2)..])
            .Where(file => !file.EndsWith('/') && file.Length > 0 && !only.Any(o => file.StartsWith(o, StringComparison.Ordinal)));
        string[] found = [.. tarred.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(file => file[(file.IndexOf('/', StringComparison.Ordinal) + 1)..])];
        Assert.All(expected, file => Assert.Contains(file, found));
        Assert.Contains("INSTALL", found);
    }

    private static string Built(string file)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/dpkg-deb"), "needs dpkg-deb, which is on Debian and Ubuntu");
        // Skips by name where there is no binary.
        return file.Length > 0 ? file : throw new FileNotFoundException(EdgeBinary.Path);
    }

    private static async Task<string> HashAsync(string file)
    {
        await using FileStream stream = File.OpenRead(file);
        return Convert.ToHexString(await SHA256.HashDataAsync(stream, TestContext.Current.CancellationToken));
    }
}
