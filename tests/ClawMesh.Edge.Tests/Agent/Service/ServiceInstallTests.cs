using System.Text.Json;
using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.Tests.House;

namespace ClawMesh.Edge.Tests.Agent.Service;

public sealed class ServiceInstallTests : IDisposable
{
    private const UnixFileMode Executable = (UnixFileMode)0b111_101_101;
    private const UnixFileMode Readable = (UnixFileMode)0b110_100_100;

    private readonly ServiceBench _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public async Task An_install_writes_every_file_where_it_belongs_and_starts_the_unit_last()
    {
        JsonElement report = await _machine.JsonAsync(0, "install", "--site", "simulated");

        Assert.Equal("\u007fELF the program", _machine.Text("usr/lib/clawmesh-edge/clawmesh-edge"));
        Assert.Equal(Repository.Text("systemd/launcher"), _machine.Text("usr/bin/clawmesh-edge"));
        Assert.Equal(Repository.Text("systemd/clawmesh-edge.service"), _machine.Text("etc/systemd/system/clawmesh-edge.service"));
        Assert.Equal(Repository.Text("systemd/clawmesh-edge.sysusers"), _machine.Text("etc/sysusers.d/clawmesh-edge.conf"));
        Assert.Equal(Repository.Text("systemd/clawmesh-edge.tmpfiles"), _machine.Text("etc/tmpfiles.d/clawmesh-edge.conf"));
        Assert.Equal(Repository.Text("hw/udev/60-clawmesh-edge.rules"), _machine.Text("etc/udev/rules.d/60-clawmesh-edge.rules"));
        Assert.Equal(Executable, UnixMode.Of(_machine.At("usr/bin/clawmesh-edge")));
        Assert.Equal(Executable, UnixMode.Of(_machine.At("usr/lib/clawmesh-edge/clawmesh-edge")));
        Assert.Equal(Readable, UnixMode.Of(_machine.At("etc/systemd/system/clawmesh-edge.service")));
        Assert.Equal("{\n  \"site\": \"simulated\"\n}\n", _machine.Text(ServiceBench.State + "/node.json"));
        Assert.Equal(new FileOwner(994, 993), _machine.Given[_machine.At(ServiceBench.State + "/node.json")]);

        string[] programs = [.. _machine.Ran.Where(line => !line.StartsWith("udevadm trigger", StringComparison.Ordinal) && !line.Contains("update", StringComparison.Ordinal))];
        Assert.Equal(
            ["systemd-sysusers clawmesh-edge.conf", "systemd-tmpfiles --create clawmesh-edge.conf", "udevadm control --reload", "systemctl daemon-reload", "systemctl enable clawmesh-edge.service", "systemctl start clawmesh-edge.service"],
            programs);
        Assert.Equal("done", ServiceBench.StepOf(report, "start"));
    }

    [Fact]
    public async Task Installing_again_changes_nothing_and_says_so()
    {
        await _machine.JsonAsync(0, "install", "--site", "simulated");
        string before = _machine.Snapshot();
        _machine.Show(ServiceBench.Running);

        JsonElement report = await _machine.JsonAsync(0, "install", "--site", "simulated");

        Assert.Equal(before, _machine.Snapshot());
        foreach (string step in (string[])["program", "launcher", "clawmesh-edge.service", "node.json", "start"]) Assert.Equal("unchanged", ServiceBench.StepOf(report, step));
    }

    [Fact]
    public async Task A_node_that_runs_is_not_restarted_by_a_new_unit_file()
    {
        await _machine.JsonAsync(0, "install", "--site", "simulated");
        _machine.Put("etc/systemd/system/clawmesh-edge.service", "[Service]\nExecStart=/bin/true\n");
        _machine.Show(ServiceBench.Running);
        _machine.Ran.Clear();

        JsonElement report = await _machine.JsonAsync(0, "install", "--site", "simulated");

        Assert.Equal("done", ServiceBench.StepOf(report, "clawmesh-edge.service"));
        Assert.Contains("systemctl restart clawmesh-edge", ServiceBench.DetailOf(report, "start"), StringComparison.Ordinal);
        Assert.DoesNotContain(_machine.Ran, line => line.StartsWith("systemctl start", StringComparison.Ordinal) || line.StartsWith("systemctl restart", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_site_file_is_copied_to_etc_and_named_without_losing_other_keys()
    {
        string site = _machine.PutElsewhere("my-farm.json", Repository.Text("hw/sites/simulated.json"));
        _machine.Put(ServiceBench.State + "/node.json", "{\n  // the north field\n  \"name\": \"north\", \"own\": 1 }\n");

        JsonElement report = await _machine.JsonAsync(0, "install", "--site", site, "--no-start");

        Assert.Equal(File.ReadAllText(site), _machine.Text("etc/clawmesh-edge/sites/my-farm.json"));
        Assert.Equal(Readable, UnixMode.Of(_machine.At("etc/clawmesh-edge/sites/my-farm.json")));
        JsonElement config = JsonDocument.Parse(_machine.Text(ServiceBench.State + "/node.json")).RootElement;
        Assert.Equal("/etc/clawmesh-edge/sites/my-farm.json", config.GetProperty("site").GetString());
        Assert.Equal("north", config.GetProperty("name").GetString());
        Assert.Equal(1, config.GetProperty("own").GetInt32());
        Assert.Contains("the north field", _machine.Text(ServiceBench.State + "/node.json.bak"), StringComparison.Ordinal);
        Assert.Equal("skipped", ServiceBench.StepOf(report, "start"));
        Assert.DoesNotContain(_machine.Ran, line => line.StartsWith("systemctl start", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Whoever_is_not_root_is_refused_and_nothing_is_written()
    {
        _machine.Host = _machine.Host with { UserId = 1000 };

        await _machine.RefusedAsync(1, "service.needs_root", "install", "--site", "simulated");
        await _machine.RefusedAsync(1, "service.needs_root", "uninstall");
    }

    [Fact]
    public async Task Without_systemd_without_a_site_and_with_a_wrong_one_nothing_is_written()
    {
        await _machine.RefusedAsync(2, "site.missing", "install");
        await _machine.RefusedAsync(2, "site.invalid", "install", "--site", "nowhere");
        await _machine.RefusedAsync(2, "site.invalid", "install", "--site", _machine.PutElsewhere("bad.json", "{}"));
        _machine.Put(ServiceBench.State + "/node.json", "{ \"port\": \"no\" }");
        await _machine.RefusedAsync(2, "config.invalid", "install", "--site", "simulated");
        Directory.Delete(_machine.At("run/systemd"), recursive: true);
        await _machine.RefusedAsync(1, "service.no_systemd", "install", "--site", "simulated");
        await _machine.RefusedAsync(1, "service.no_systemd", "uninstall");
        await _machine.RefusedAsync(1, "service.no_systemd", "status");
    }

    [Fact]
    public async Task A_state_directory_of_ones_own_is_refused_because_it_would_have_no_effect() =>
        await _machine.RefusedAsync(2, "cli.usage", "install", "--site", "simulated", "--state-dir", _machine.Elsewhere("mine"));

    [Fact]
    public async Task A_build_for_development_is_not_installed()
    {
        _machine.Host = _machine.Host with { IsPublished = false };

        await _machine.RefusedAsync(2, "service.development_build", "install", "--site", "simulated");
    }

    [Fact]
    public async Task What_a_package_brought_is_left_to_it()
    {
        _machine.Put("usr/lib/systemd/system/clawmesh-edge.service", "the package's");
        _machine.Put("usr/lib/clawmesh-edge/clawmesh-edge", "the package's program");

        JsonElement report = await _machine.JsonAsync(0, "install", "--site", "simulated");

        Assert.Equal("skipped", ServiceBench.StepOf(report, "program and unit"));
        Assert.Equal("the package's program", _machine.Text("usr/lib/clawmesh-edge/clawmesh-edge"));
        Assert.False(File.Exists(_machine.At("etc/systemd/system/clawmesh-edge.service")));
        Assert.Contains("systemctl start clawmesh-edge.service", _machine.Ran);
        Assert.True(File.Exists(_machine.At(ServiceBench.State + "/node.json")));
    }

    [Fact]
    public async Task A_release_of_an_update_is_not_copied_over_the_program_to_fall_back_on()
    {
        string release = _machine.Put("opt/clawmesh-edge/releases/2.0/clawmesh-edge", "newer");
        _machine.Put("usr/lib/clawmesh-edge/clawmesh-edge", "older");
        _machine.Host = _machine.Host with { Executable = release };

        JsonElement report = await _machine.JsonAsync(0, "install", "--site", "simulated");

        Assert.Equal("unchanged", ServiceBench.StepOf(report, "program"));
        Assert.Equal("older", _machine.Text("usr/lib/clawmesh-edge/clawmesh-edge"));
    }

    [Fact]
    public async Task A_release_that_finds_no_program_to_fall_back_on_becomes_it()
    {
        _machine.Host = _machine.Host with { Executable = _machine.Put("opt/clawmesh-edge/releases/2.0/clawmesh-edge", "newer") };

        await _machine.JsonAsync(0, "install", "--site", "simulated");

        Assert.Equal("newer", _machine.Text("usr/lib/clawmesh-edge/clawmesh-edge"));
    }

    [Fact]
    public async Task While_an_update_is_on_trial_its_guard_is_not_replaced()
    {
        _machine.Put("opt/clawmesh-edge/trial", "release=2.0\nprevious=packaged\n");

        await _machine.RefusedAsync(1, "service.on_trial", "install", "--site", "simulated");
    }

    [Fact]
    public async Task Below_the_state_directory_root_acts_as_the_user_who_owns_it()
    {
        var acted = new List<string>();
        _machine.Host = _machine.Host with
        {
            ActAsOwnerOf = directory =>
            {
                acted.Add(directory);
                return new StringWriter();
            },
        };

        await _machine.JsonAsync(0, "install", "--site", "simulated", "--adopt", _machine.Classic());

        Assert.Equal([_machine.At(ServiceBench.State)], acted.Distinct());
        Assert.Equal([_machine.At(ServiceBench.State)], _machine.Given.Keys);
    }

    [Fact]
    public async Task A_step_that_fails_ends_the_installation_with_exit_1_and_what_the_program_said()
    {
        _machine.Answers["systemctl enable"] = new ProgramResult(1, "\nFailed to enable unit: Unit file is masked.\n");

        JsonElement report = await _machine.JsonAsync(1, "install", "--site", "simulated");

        Assert.Equal("failed", ServiceBench.StepOf(report, "enable"));
        Assert.Contains("Unit file is masked", ServiceBench.DetailOf(report, "enable"), StringComparison.Ordinal);
        Assert.DoesNotContain(_machine.Ran, line => line.StartsWith("systemctl start", StringComparison.Ordinal));
        Assert.NotEqual("", report.GetProperty("next").GetString());
    }

    [Fact]
    public async Task Without_udev_the_rest_is_installed_and_the_report_says_what_is_missing()
    {
        _machine.Answers["udevadm"] = null;

        JsonElement report = await _machine.JsonAsync(0, "install", "--site", "simulated");

        Assert.Equal("skipped", ServiceBench.StepOf(report, "udev rules"));
        Assert.Contains("there is no udevadm", ServiceBench.DetailOf(report, "udev rules"), StringComparison.Ordinal);
        Assert.Equal("done", ServiceBench.StepOf(report, "start"));
    }

    [Fact]
    public async Task An_image_gets_its_files_and_links_and_nothing_is_started()
    {
        string image = _machine.Elsewhere("image");
        Directory.CreateDirectory(Path.Combine(image, "etc"));
        _machine.Answers["systemd-sysusers"] = null;

        JsonElement report = await _machine.JsonAsync(0, "install", "--site", "simulated", "--root", image);

        Assert.Equal("/etc/systemd/system/clawmesh-edge.service", new FileInfo(Path.Combine(image, "etc/systemd/system/multi-user.target.wants/clawmesh-edge.service")).LinkTarget);
        Assert.True(File.Exists(Path.Combine(image, "usr/lib/clawmesh-edge/clawmesh-edge")));
        Assert.True(File.Exists(Path.Combine(image, ServiceBench.State, "node.json")));
        Assert.Equal("skipped", ServiceBench.StepOf(report, "start"));
        Assert.Contains("first boot", ServiceBench.DetailOf(report, "user and groups"), StringComparison.Ordinal);
        Assert.DoesNotContain(_machine.Ran, line => line.StartsWith("systemctl", StringComparison.Ordinal) || line.StartsWith("udevadm", StringComparison.Ordinal));
        Assert.All(_machine.Ran, line => Assert.Contains($"--root={image}", line, StringComparison.Ordinal));
        Assert.Empty(_machine.Given);
        string once = string.Join("\n", Directory.EnumerateFiles(image, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal));
        await _machine.JsonAsync(0, "install", "--site", "simulated", "--root", image);
        Assert.Equal(once, string.Join("\n", Directory.EnumerateFiles(image, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)));
    }

    [Fact]
    public async Task An_empty_directory_and_an_image_for_another_processor_are_no_place_for_this_program()
    {
        string image = _machine.Elsewhere("image");
        Directory.CreateDirectory(image);
        await _machine.RefusedAsync(2, "service.no_image", "install", "--site", "simulated", "--root", image);

        Directory.CreateDirectory(Path.Combine(image, "etc"));
        Directory.CreateDirectory(Path.Combine(image, "usr/bin"));
        File.WriteAllBytes(Path.Combine(image, "usr/bin/env"), Elf(183));
        File.WriteAllBytes(_machine.Host.Executable, Elf(62));
        JsonElement refusal = await _machine.RefusedAsync(2, "service.other_machine", "install", "--site", "simulated", "--root", image);
        Assert.Contains("183", refusal.GetProperty("why").GetString(), StringComparison.Ordinal);

        File.WriteAllBytes(Path.Combine(image, "usr/bin/env"), Elf(62));
        await _machine.JsonAsync(0, "install", "--site", "simulated", "--root", image);
    }

    private static byte[] Elf(byte machine)
    {
        var head = new byte[64];
        "\u007fELF"u8.CopyTo(head);
        head[18] = machine;
        return head;
    }
}
