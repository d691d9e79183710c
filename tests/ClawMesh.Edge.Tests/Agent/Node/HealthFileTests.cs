using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Agent.Update;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Agent.Node;

public sealed class HealthFileTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new();
    private readonly SubsystemBoard _board = new(new EventLog(new ManualTime()));

    [Fact]
    public void A_node_without_trouble_is_healthy()
    {
        Ready();

        Assert.Equal("0.2.0 812 healthy\n", Written(Words()));
    }

    [Fact]
    public void Each_trouble_is_one_word()
    {
        Ready();
        Blocked("actuator:valve:zone 1", "actuator");
        Blocked("simulated farm", "subsystem");

        Assert.Equal(
            "0.2.0 812 unhealthy tick journal output:actuator:valve:zone_1 part:simulated_farm\n",
            Written(Ailments.Of(_board, JournalState.Unavailable, TimeSpan.FromSeconds(1))));
    }

    [Fact]
    public void Before_the_port_and_the_socket_are_open_it_is_not_healthy() => Assert.Equal(["port", "socket"], Words());

    [Fact]
    public void One_broken_sensor_is_no_ailment_and_all_of_them_are()
    {
        Ready();
        Subsystem well = _board.Declare("soil", "sensor");
        well.Start();
        Blocked("air", "sensor");
        Assert.Empty(Words());

        well.Become(DriverState.Blocked, "unplugged", FailureClass.DeviceAbsent);
        Assert.Equal(["sensors"], Words());
    }

    [Fact]
    public void A_degraded_part_or_a_service_for_others_is_no_ailment()
    {
        Ready();
        Blocked("llm", "service");
        Subsystem farm = _board.Declare("farm", "subsystem");
        farm.Start();
        farm.Become(DriverState.Degraded, "slow", FailureClass.Infra);

        Assert.Empty(Words());
    }

    [Fact]
    public void A_line_has_an_end() => Assert.EndsWith(" w11 more\n", Written([.. Enumerable.Range(0, 40).Select(i => $"w{i}")]), StringComparison.Ordinal);

    [Theory]
    [InlineData("an-id", "/run/clawmesh-edge", "/run/clawmesh-edge/health")]
    [InlineData("an-id", "/run/a:/run/b", "/run/a/health")]
    [InlineData("an-id", null, null)]
    [InlineData(null, "/run/clawmesh-edge", null)]
    public void Only_the_service_has_a_health_file(string? invocation, string? directory, string? path) =>
        Assert.Equal(path, HealthFile.PathFor(name => name switch { "INVOCATION_ID" => invocation, "RUNTIME_DIRECTORY" => directory, _ => null }));

    [Fact]
    public void A_directory_that_is_gone_does_not_end_the_node() =>
        new HealthFile(_scratch.At("nowhere/health"), "0.2.0", () => [], _scratch.Put("uptime", "812.5 3\n")).Write();

    [Fact]
    public void Words_are_plain() => Assert.All([HealthWords.Word("part:", "a b*$(c)\nd"), HealthWords.Journal], w => Assert.True(HealthWords.IsPlain(w)));

    public void Dispose() => _scratch.Dispose();

    private List<string> Words() => Ailments.Of(_board, JournalState.Ready, TimeSpan.FromMilliseconds(20));

    private string Written(IReadOnlyList<string> words)
    {
        new HealthFile(_scratch.At("health"), "0.2.0", () => words, _scratch.Put("uptime", "812.55 3210.00\n")).Write();
        return File.ReadAllText(_scratch.At("health"));
    }

    private void Ready()
    {
        _board.Declare("mesh", "subsystem").Start();
        _board.Declare("local socket", "subsystem").Start();
    }

    private void Blocked(string name, string group)
    {
        Subsystem s = _board.Declare(name, group);
        s.Become(DriverState.Validated);
        s.Become(DriverState.Blocked, "broken", FailureClass.BusIo);
    }
}
