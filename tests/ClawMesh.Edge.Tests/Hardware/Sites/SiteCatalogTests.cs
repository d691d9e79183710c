using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Boards;
using ClawMesh.Edge.Hardware.Buses;
using ClawMesh.Edge.Hardware.Simulated;
using ClawMesh.Edge.Hardware.Sites;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Tests.Hardware.Simulated;

namespace ClawMesh.Edge.Tests.Hardware.Sites;

public sealed class SiteCatalogTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("clawmesh-sites-").FullName;
    private readonly SiteCatalog _catalog;

    public SiteCatalogTests() => _catalog = new SiteCatalog(new BoardCatalog("/nonexistent"), _directory);

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void The_embedded_simulated_site_has_no_problem_at_all()
    {
        SiteReadResult read = _catalog.Read("simulated");

        Assert.Empty(read.Problems);
        Assert.Equal("embedded:sites/simulated", read.Origin);
        Assert.True(read.Site!.Simulated);
        Assert.Equal(13, read.Site.Sensors.Count);
        Assert.Equal(5, read.Site.Actuators.Count);
        Assert.All(read.Site.Actuators, a => Assert.Equal(OutputValue.Inactive, a.Policy.Safe));
        Assert.Equal(
            ["actuator:valve:zone-3", "actuator:valve:zone-4"],
            read.Site.Actuators.Where(a => a.Policy.ExclusiveGroup == "east-lateral").Select(a => a.Policy.Actuator.Value));
    }

    [Fact]
    public void A_site_of_this_machine_comes_before_the_embedded_one_and_joins_the_list()
    {
        File.WriteAllText(Path.Combine(_directory, "simulated.json"), Small("mine"));
        File.WriteAllText(Path.Combine(_directory, "greenhouse.json"), Small("greenhouse"));

        Assert.Equal("mine", _catalog.Read("simulated").Site?.Name);
        Assert.Equal(["greenhouse", "simulated"], _catalog.Names());
    }

    [Fact]
    public void A_path_is_read_as_a_file()
    {
        string path = Path.Combine(_directory, "a place.json");
        File.WriteAllText(path, Small("here"));

        SiteReadResult read = _catalog.Read(path);

        Assert.Equal(("here", path), (read.Site?.Name, read.Origin));
    }

    [Theory]
    [InlineData("nowhere", "this node knows simulated")]
    [InlineData("./nowhere.json", "cannot be read")]
    [InlineData("../secrets", "cannot be read")]
    [InlineData("no such name", "There is no site")]
    public void What_cannot_be_found_is_a_problem_with_a_way_out(string nameOrFile, string what)
    {
        SiteReadResult read = _catalog.Read(nameOrFile);

        Assert.Null(read.Site);
        ConfigProblem problem = Assert.Single(read.Problems);
        Assert.Contains(what, problem.What, StringComparison.Ordinal);
        Assert.NotEmpty(problem.Fix);
    }

    [Fact]
    public void Building_the_site_opens_every_part_and_drives_none()
    {
        using SiteHardware hardware = HardwareFactory.Build(FarmBench.Site, _directory, 7, 60, new ManualTime(), LinuxPorts.ThisMachine, board: null);

        Assert.Equal(13, hardware.Sensors.Count);
        Assert.Equal(5, hardware.Actuators.Count);
        Assert.Equal(5, hardware.Actuators.Select(a => a.Bus).Distinct().Count());
        Assert.All(SimulatedOutputs.ReadFile(SimulatedOutputs.PathIn(_directory)), s => Assert.Equal((0.0, 0u), (s.Ratio, s.Writes)));
    }

    [Fact]
    public void A_driver_this_build_does_not_have_is_named()
    {
        Site real = FarmBench.Site with { Simulated = false };

        var fault = Assert.Throws<EdgeException>(() => HardwareFactory.Build(real, _directory, 7, 60, new ManualTime(), LinuxPorts.ThisMachine, board: null));

        Assert.Equal("site.driver_unknown", fault.Code);
    }

    [Fact]
    public void Safe_state_closes_what_a_dead_node_left_open()
    {
        using (SiteHardware hardware = HardwareFactory.Build(FarmBench.Site, _directory, 7, 60, new ManualTime(), LinuxPorts.ThisMachine, board: null))
            hardware.Farm!.Outputs.Write(new ActuatorId(FarmBench.Valve2), OutputValue.Active);

        IReadOnlyList<OutputSafeResult> results = SafeStateMedium.MakeAllSafe(FarmBench.Site, _directory, LinuxPorts.ThisMachine, board: null, TimeProvider.System);

        Assert.Equal(5, results.Count);
        Assert.All(results, r => Assert.True(r.Result.Confirmed, r.Result.Detail));
        Assert.Equal(FarmBench.Valve2, Assert.Single(results, r => r.Result.WasEnergised).Output.Value);
        Assert.All(SimulatedOutputs.ReadFile(SimulatedOutputs.PathIn(_directory)), s => Assert.Equal(0, s.Ratio));
    }

    [Fact]
    public void Safe_state_on_a_foreign_file_reports_every_output_and_touches_nothing()
    {
        string path = SimulatedOutputs.PathIn(_directory);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, "not ours");

        IReadOnlyList<OutputSafeResult> results = SafeStateMedium.MakeAllSafe(FarmBench.Site, _directory, LinuxPorts.ThisMachine, board: null, TimeProvider.System);

        Assert.Equal(5, results.Count);
        Assert.All(results, r => Assert.False(r.Result.Confirmed));
        Assert.Equal("not ours", File.ReadAllText(path));
    }

    private static string Small(string name) => $$"""{ "schema": 1, "name": "{{name}}", "board": "simulated", "simulated": true }""";
}
