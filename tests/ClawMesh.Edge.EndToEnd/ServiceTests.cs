using System.Diagnostics;
using System.Text.Json;

namespace ClawMesh.Edge.EndToEnd;

/// <summary>What the unit of systemd relies on. The unit itself is booted by the rig.</summary>
public class ServiceTests
{
    [Fact]
    public async Task A_state_directory_that_somebody_else_holds_is_exit_2_for_a_person_and_exit_1_for_a_service_manager_that_then_tries_again()
    {
        using var state = new TempState();
        await using NodeProcess node = await NodeProcess.StartAsync(state);
        string[] run = ["run", "--site", "simulated", "--state-dir", state, "--listen", "127.0.0.1:0", "--no-discovery"];

        Ran byHand = await EdgeBinary.RunAsync(run);
        ProcessStartInfo managed = EdgeBinary.StartInfo(run);
        managed.Environment["NOTIFY_SOCKET"] = System.IO.Path.Combine(state, "nobody-listens");
        Ran byManager = await EdgeBinary.RunAsync(managed);

        Assert.Equal(2, byHand.ExitCode);
        Assert.Equal(1, byManager.ExitCode);
        Assert.Contains("node.already_running", byManager.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_site_the_exit_code_is_the_one_that_the_unit_does_not_try_again()
    {
        using var state = new TempState();
        ProcessStartInfo managed = EdgeBinary.StartInfo("run", "--state-dir", state, "--listen", "127.0.0.1:0");
        managed.Environment["NOTIFY_SOCKET"] = System.IO.Path.Combine(state, "nobody-listens");

        Ran ended = await EdgeBinary.RunAsync(managed);

        Assert.Equal(2, ended.ExitCode);
        Assert.Contains("site.missing", ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_published_binary_prepares_an_image_with_everything_it_carries()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "installing takes root");
        using var image = new TempState();
        Directory.CreateDirectory(System.IO.Path.Combine(image, "etc"));

        Ran installed = await EdgeBinary.RunAsync("service", "install", "--root", image, "--site", "simulated", "--json");

        Assert.True(installed.ExitCode == 0, installed.Output + installed.Error);
        foreach (string file in (string[])["usr/lib/clawmesh-edge/clawmesh-edge", "usr/bin/clawmesh-edge", "etc/systemd/system/clawmesh-edge.service", "etc/udev/rules.d/60-clawmesh-edge.rules", "var/lib/clawmesh-edge/node.json"])
            Assert.True(File.Exists(System.IO.Path.Combine(image, file)), file);
        using JsonDocument report = JsonDocument.Parse(installed.Output);
        Assert.DoesNotContain(report.RootElement.GetProperty("data").GetProperty("steps").EnumerateArray(), s => s.GetProperty("state").GetString() == "failed");
        if (report.RootElement.GetProperty("data").GetProperty("steps").EnumerateArray().Single(s => s.GetProperty("step").GetString() == "user and groups").GetProperty("state").GetString() == "done")
            Assert.Contains("clawmesh-edge:", await File.ReadAllTextAsync(System.IO.Path.Combine(image, "etc/passwd"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }
}
