using System.Globalization;
using System.Text.RegularExpressions;
using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Agent.LocalApi;
using ClawMesh.Edge.Agent.Service;
using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.House;

/// <summary>The unit, its user and its directories agree with each other and with the code.</summary>
public sealed partial class UnitFileTests
{
    // What `systemd-analyze security` of systemd 252 says today. Lower it when it gets better; a higher one needs a reason.
    private const double Exposure = 2.5;

    private const string Path = "systemd/clawmesh-edge.service";

    // Newer than the oldest systemd this is for (245, JetPack 5); older ones say so in one line and go on.
    private static readonly string[] Newer = ["RestartSteps", "RestartMaxDelaySec"];

    private static string Unit => Repository.Text(Path);

    [Fact]
    public void Every_directive_has_its_reason_above_it()
    {
        string[] lines = Unit.Split('\n');
        var bare = new List<string>();
        for (int i = 0; i < lines.Length; i++)
        {
            if (!lines[i].Contains('=', StringComparison.Ordinal) || lines[i][0] == '#' || Obvious().IsMatch(lines[i])) continue;
            // One reason may stand above a block of lines.
            int above = i;
            while (above > 0 && lines[above].Length > 0 && lines[above][0] is not ('#' or '[')) above--;
            if (lines[above].Length == 0 || lines[above][0] != '#') bare.Add(lines[i]);
        }

        Assert.Empty(bare);
    }

    [Fact]
    public void A_death_is_followed_by_safe_state_and_a_wrong_configuration_by_nothing()
    {
        Assert.Equal("/usr/lib/clawmesh-edge/start-guard safe-state", Value("ExecStopPost"));
        Assert.Equal("always", Value("Restart"));
        Assert.Equal("2", Value("RestartPreventExitStatus"));
        Assert.Equal("0", Value("StartLimitIntervalSec"));
        Assert.Equal("notify", Value("Type"));
        Assert.True(int.Parse(Value("WatchdogSec"), CultureInfo.InvariantCulture) is > 0 and <= 15);
    }

    [Fact]
    public void The_places_of_the_unit_are_those_of_the_code()
    {
        Assert.Equal(StateDirectory.Service, $"/var/lib/{Value("StateDirectory")}");
        Assert.Equal(StateDirectory.ServiceRuntime, $"/run/{Value("RuntimeDirectory")}");
        Assert.Equal(ServiceFiles.Configuration, $"/etc/{Value("ConfigurationDirectory")}");
        Assert.Equal((ServiceFiles.User, LocalServer.OperatorGroup), (Value("User"), Value("Group")));
        Assert.StartsWith(ServiceFiles.Launcher + " ", Value("ExecStart"), StringComparison.Ordinal);
        Assert.Contains(ServiceFiles.Folder + "/start-guard", Unit, StringComparison.Ordinal);
        string made = Repository.Text("systemd/clawmesh-edge.tmpfiles");
        foreach (string directory in (string[])[StateDirectory.Service, StateDirectory.ServiceRuntime, ServiceFiles.Configuration, ServiceFiles.Sites, ServiceFiles.Releases])
            Assert.Matches($@"(?m)^d {Regex.Escape(directory)} ", made);
    }

    [Fact]
    public void A_read_only_disk_leaves_the_service_a_place_for_its_lock() =>
        Assert.Equal([StateDirectory.Service, StateDirectory.ServiceRuntime], new StateDirectory(StateDirectory.Service, "").LockDirectories().Take(2));

    [Fact]
    public void Every_group_that_the_unit_or_a_udev_rule_names_is_made_by_sysusers()
    {
        string sysusers = Repository.Text("systemd/clawmesh-edge.sysusers");
        IEnumerable<string> ruled = RuleGroup().Matches(Repository.Text("hw/udev/60-clawmesh-edge.rules")).Select(m => m.Groups[1].Value).Distinct();

        string[] supplementary = Value("SupplementaryGroups").Split(' ');
        Assert.All(supplementary, group => Assert.Matches($@"(?m)^g {group} +-", sysusers));
        Assert.All(supplementary, group => Assert.Matches($@"(?m)^m {ServiceFiles.User} {group}$", sysusers));
        Assert.Subset(supplementary.ToHashSet(), ruled.ToHashSet());
        Assert.Matches($@"(?m)^u {ServiceFiles.User} ", sysusers);
    }

    [Fact]
    public void The_safety_thread_may_take_what_it_asks_for_and_nothing_above_it()
    {
        Match priorities = Fifo().Match(Repository.Text("hw/ClawMesh.Edge.Hardware/Linux/SafetyScheduling.cs"));

        Assert.Equal(priorities.Groups[1].Value, Value("LimitRTPRIO"));
        Assert.DoesNotContain("RestrictRealtime=yes", Unit, StringComparison.Ordinal);
        Assert.DoesNotMatch("(?m)^CPU", Unit);
    }

    [Fact]
    public void Every_file_of_the_folder_is_in_the_binary_and_is_installed()
    {
        foreach (RepositoryFile file in Repository.Files.Where(f => System.IO.Path.GetDirectoryName(f.Path) == "systemd"))
        {
            ServiceFile installed = Assert.Single(ServiceFiles.All, f => f.Name == System.IO.Path.GetFileName(file.Path));
            Assert.Equal(file.Text, System.Text.Encoding.UTF8.GetString(installed.Content()!));
        }
    }

    [Fact]
    public void Systemd_itself_understands_every_line()
    {
        using var scratch = new ScratchDirectory();
        foreach (string program in (string[])["usr/bin/clawmesh-edge", "usr/lib/clawmesh-edge/start-guard", "bin/sh", "bin/kill"])
            File.SetUnixFileMode(scratch.Put(program, "#!/bin/sh\n"), ServiceFiles.Executable);
        scratch.Put("usr/lib/systemd/system/clawmesh-edge.service", Unit);
        foreach (string target in Directory.Exists("/usr/lib/systemd/system") ? Directory.EnumerateFiles("/usr/lib/systemd/system", "*.target") : [])
            scratch.Put(System.IO.Path.Combine("usr/lib/systemd/system", System.IO.Path.GetFileName(target)), File.ReadAllText(target));

        ProgramResult result = Analyze("verify", "--man=no", $"--root={scratch.Path}", ServiceFiles.Unit);

        string[] complaints = [.. result.Output.Split('\n').Where(line => line.Length > 0 && !Newer.Any(key => line.Contains($"Unknown key '{key}'", StringComparison.Ordinal)))];
        Assert.Empty(complaints);
        Assert.Equal(0, result.ExitCode);
    }

    [Fact]
    public void What_the_service_is_exposed_to_does_not_grow()
    {
        ProgramResult result = Analyze("security", "--offline=true", "--no-pager", System.IO.Path.Combine(Repository.Root, Path));

        Match overall = Overall().Match(result.Output);
        Assert.True(overall.Success, result.Output);
        double exposure = double.Parse(overall.Groups[1].Value, CultureInfo.InvariantCulture);
        TestContext.Current.SendDiagnosticMessage($"exposure of the unit: {exposure}");
        Assert.InRange(exposure, 0, Exposure);
        Assert.Contains($"exposure level {Exposure.ToString(CultureInfo.InvariantCulture)}", Repository.Text("docs/guides/install.md"), StringComparison.Ordinal);
    }

    private static string Value(string key)
    {
        MatchCollection found = Regex.Matches(Unit, $"(?m)^{key}=(.*)$");
        return Assert.Single(found).Groups[1].Value;
    }

    private static ProgramResult Analyze(params IReadOnlyList<string> arguments)
    {
        ProgramResult? result = Programs.Run("systemd-analyze", arguments, TimeSpan.FromSeconds(30), TimeProvider.System);
        if (result is null) Assert.Skip("there is no systemd-analyze here");
        if (result.Output.Contains("unrecognized option", StringComparison.Ordinal)) Assert.Skip("this systemd-analyze is too old for a unit file on disk");
        return result;
    }

    [GeneratedRegex("^(?:Description|Documentation|WantedBy)=")]
    private static partial Regex Obvious();

    [GeneratedRegex(@"(?:GROUP=""|chgrp )(\w+)")]
    private static partial Regex RuleGroup();

    [GeneratedRegex(@"FifoPriorities = \[(\d+),")]
    private static partial Regex Fifo();

    [GeneratedRegex(@"Overall exposure level for clawmesh-edge\.service: ([0-9.]+)")]
    private static partial Regex Overall();
}
