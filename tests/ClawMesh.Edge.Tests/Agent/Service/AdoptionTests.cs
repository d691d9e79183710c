using System.Text.Json;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Tests.Agent.Service;

public sealed class AdoptionTests : IDisposable
{
    private static readonly string[] Files = ["identity/device.json", "mesh/trusted-peers.json", "mesh/mesh-id"];

    private readonly ServiceBench _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public async Task Identity_trust_and_mesh_id_are_taken_over_byte_for_byte_closed_to_others_and_given_to_the_service()
    {
        string classic = _machine.Classic();

        await _machine.JsonAsync(0, "install", "--site", "simulated", "--adopt", classic);

        foreach (string file in Files)
        {
            string taken = _machine.At(Path.Combine(ServiceBench.State, file));
            Assert.Equal(File.ReadAllBytes(Path.Combine(classic, file)), File.ReadAllBytes(taken));
            Assert.Equal("0600", UnixMode.Octal(UnixMode.Of(taken)));
            Assert.Equal(new FileOwner(994, 993), _machine.Given[taken]);
            Assert.Equal(new FileOwner(994, 993), _machine.Given[Path.GetDirectoryName(taken)!]);
        }
    }

    [Fact]
    public async Task While_the_classic_node_holds_its_port_nothing_is_taken_and_the_holder_is_named()
    {
        string classic = _machine.Classic();
        _machine.Listening[18789] = new PortHolder(812, "node", 1000);

        JsonElement refusal = await _machine.RefusedAsync(2, "service.adopt_node_runs", "install", "--site", "simulated", "--adopt", classic);

        Assert.Contains("pid 812 (node)", refusal.GetProperty("why").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_of_its_own_in_the_classic_configuration_counts_too()
    {
        string classic = _machine.Classic();
        _machine.PutElsewhere("classic/node.json", "{ \"port\": 20001 }");
        _machine.Listening[20001] = new PortHolder(813, "node", 1000);

        await _machine.RefusedAsync(2, "service.adopt_node_runs", "install", "--site", "simulated", "--adopt", classic);
    }

    [Fact]
    public async Task Another_identity_is_never_replaced()
    {
        string first = _machine.Classic("first");
        await _machine.JsonAsync(0, "install", "--site", "simulated", "--adopt", first);
        _machine.Ran.Clear();

        await _machine.RefusedAsync(2, "service.adopt_other_identity", "install", "--site", "simulated", "--adopt", _machine.Classic("second"));
    }

    [Fact]
    public async Task Adopting_the_same_again_is_no_work_also_while_the_service_holds_the_port()
    {
        string classic = _machine.Classic();
        await _machine.JsonAsync(0, "install", "--site", "simulated", "--adopt", classic);
        File.WriteAllText(_machine.At(ServiceBench.State + "/mesh/trusted-peers.json"), "{ \"peers\": [], \"since\": 2 }");
        _machine.Listening[18789] = new PortHolder(900, "clawmesh-edge", 994);
        _machine.Show(ServiceBench.Running);

        JsonElement report = await _machine.JsonAsync(0, "install", "--site", "simulated", "--adopt", classic);

        Assert.All(Files, file => Assert.Equal("skipped", ServiceBench.StepOf(report, $"adopt {file}")));
        Assert.Contains("since", _machine.Text(ServiceBench.State + "/mesh/trusted-peers.json"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_directory_without_identity_and_a_damaged_one_are_refused()
    {
        Directory.CreateDirectory(_machine.Elsewhere("empty"));
        await _machine.RefusedAsync(2, "service.adopt_no_identity", "install", "--site", "simulated", "--adopt", _machine.Elsewhere("empty"));

        string classic = _machine.Classic();
        File.WriteAllText(Path.Combine(classic, "identity/device.json"), "{ \"deviceId\": ");
        await _machine.RefusedAsync(1, "NO_IDENTITY", "install", "--site", "simulated", "--adopt", classic);
    }

    [Fact]
    public async Task A_mesh_id_that_is_none_is_refused_and_a_missing_one_is_not_missed()
    {
        string classic = _machine.Classic();
        File.WriteAllText(Path.Combine(classic, "mesh/mesh-id"), "not a uuid");
        await _machine.RefusedAsync(2, "mesh.id_unreadable", "install", "--site", "simulated", "--adopt", classic);

        File.Delete(Path.Combine(classic, "mesh/mesh-id"));
        JsonElement report = await _machine.JsonAsync(0, "install", "--site", "simulated", "--adopt", classic);
        Assert.Equal("skipped", ServiceBench.StepOf(report, "adopt mesh/mesh-id"));
        Assert.False(File.Exists(_machine.At(ServiceBench.State + "/mesh/mesh-id")));
    }

    [Fact]
    public async Task Root_does_not_write_where_a_link_of_the_services_user_leads()
    {
        string classic = _machine.Classic();
        string trap = Directory.CreateDirectory(_machine.Elsewhere("trap")).FullName;
        Directory.CreateDirectory(_machine.At(ServiceBench.State));
        Directory.CreateSymbolicLink(_machine.At(ServiceBench.State + "/mesh"), trap);

        await _machine.RefusedAsync(2, "service.adopt_unreadable", "install", "--site", "simulated", "--adopt", classic);
        Assert.Empty(Directory.EnumerateFileSystemEntries(trap));
    }
}
