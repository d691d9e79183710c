using System.Text.Json;

namespace ClawMesh.Edge.Tests.Agent.Service;

public sealed class ServiceStatusTests : IDisposable
{
    private readonly ServiceBench _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public async Task A_service_that_runs_is_told_with_its_process_restarts_watchdog_and_version()
    {
        _machine.Show(ServiceBench.Running);
        Directory.CreateDirectory(_machine.At("opt/clawmesh-edge/releases/0.2.0"));
        File.CreateSymbolicLink(_machine.At("opt/clawmesh-edge/current"), "releases/0.2.0");
        _machine.Put("opt/clawmesh-edge/trial", "release=0.2.0\nprevious=packaged\nstarts=1\n");

        JsonElement data = await _machine.JsonAsync(0, "status");

        Assert.Equal((812, 1, "active", "enabled"), (data.GetProperty("mainPid").GetInt32(), data.GetProperty("restarts").GetInt32(), data.GetProperty("activeState").GetString(), data.GetProperty("enabled").GetString()));
        Assert.Equal(("0.2.0", "packaged", "1"), (data.GetProperty("release").GetString(), data.GetProperty("previous").GetString(), data.GetProperty("trial").GetProperty("starts").GetString()));
        Assert.Equal("Sat 2026-11-21 16:58:01 UTC", data.GetProperty("since").GetString());

        Assert.Equal(0, await _machine.RunAsync("status"));
        Assert.Contains("active (running)", _machine.Output, StringComparison.Ordinal);
        Assert.Contains("10s, last fed Sat 2026-11-21 17:03:39 UTC", _machine.Output, StringComparison.Ordinal);
        Assert.Contains("0.2.0, start 1, then packaged", _machine.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_that_failed_ends_with_1_and_says_how_it_ended()
    {
        _machine.Show("LoadState=loaded\nActiveState=failed\nSubState=failed\nResult=exit-code\nExecMainCode=1\nExecMainStatus=2\nUnitFileState=enabled\nMainPID=0\n");

        Assert.Equal(1, await _machine.RunAsync("status"));

        Assert.Contains("exit 2, exit-code", _machine.Output, StringComparison.Ordinal);
        Assert.Contains("journalctl -u clawmesh-edge", _machine.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_that_is_not_installed_ends_with_1_and_says_how_to_install_it()
    {
        Assert.Equal(1, await _machine.RunAsync("status"));

        Assert.Contains("service install", _machine.Output, StringComparison.Ordinal);
        Assert.False((await _machine.JsonAsync(1, "status")).GetProperty("installed").GetBoolean());
    }

    [Fact]
    public async Task A_systemctl_that_does_not_answer_is_an_error_of_its_own()
    {
        _machine.Host = _machine.Host with { Run = (_, _, _) => null };

        await _machine.RefusedAsync(1, "service.no_answer", "status");
    }
}
