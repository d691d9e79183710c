using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using ClawMesh.Edge.Agent.Diag;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Tests.Agent.Diag;

public sealed class NetworkGroupTests : IDisposable
{
    private readonly DiagBench _diag = new();

    public void Dispose() => _diag.Dispose();

    [Fact]
    public async Task A_machine_with_nothing_but_its_loopback_is_a_warning()
    {
        _diag.Faces = [new("lo", Loopback: true, Multicast: false, ["127.0.0.1"])];

        (await _diag.CheckAsync("network.interfaces")).Has("warn", "loopback");
        (await _diag.CheckAsync("network.multicast")).Has("skip", "loopback");
    }

    [Fact]
    public async Task An_interface_without_multicast_is_a_warning_with_the_command()
    {
        _diag.Faces = [new("wg0", Loopback: false, Multicast: false, ["10.9.0.2"])];

        JsonElement multicast = await _diag.CheckAsync("network.multicast");

        multicast.Has("warn", "no interface takes multicast");
        Assert.Contains("ip link set dev wg0 multicast on", multicast.Fix(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Somebody_else_on_the_mesh_port_is_a_warning_that_names_the_holder()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        _diag.StateFile("node.json", $$"""{"port":{{port}}}""");

        // The fixture has no /proc; who holds the port is asked of the real one.
        _diag.UseThisMachine();
        JsonElement check = await _diag.CheckAsync("network.port");

        check.Has("warn", $"{port} is held by pid {Environment.ProcessId}");
        Assert.Contains($"config set port {port + 1}", check.Fix(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_node_that_does_not_answer_is_a_fail_that_names_its_process()
    {
        CheckOutcome outcome = NetworkGroup.Node(new NodeAnswer(NodePresence.Silent, default, 4711, "It took longer than 1.5 s."));

        Assert.Equal(CheckStatus.Fail, outcome.Status);
        Assert.Contains("4711", outcome.Fix, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lock_without_a_socket_is_a_node_that_does_not_answer()
    {
        _diag.MakeState();
        using NodeLock? held = NodeLock.TryAcquire(_diag.State.Path, out _);

        JsonElement node = await _diag.CheckAsync("network.node");

        node.Has("fail", "does not answer");
        Assert.Contains($"{Environment.ProcessId}", node.Fix(), StringComparison.Ordinal);
    }
}
