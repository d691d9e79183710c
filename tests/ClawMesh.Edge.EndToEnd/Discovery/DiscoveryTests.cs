using System.Text.Json;

namespace ClawMesh.Edge.EndToEnd.Discovery;

/// <summary>The published binary and other people's multicast DNS, on hosts of their own ([W-33] to [W-38]).</summary>
public sealed class DiscoveryTests
{
    private const string Stranger = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";

    [Theory]
    [Trait("spec", "W-37")]
    [InlineData("0.0.0.0")]
    [InlineData("[::]")]
    public async Task Two_nodes_that_trust_each_other_find_each_other_and_connect(string listen)
    {
        await using Network network = await Network.CreateAsync();
        if (listen == "[::]") await network.WithoutIPv4Async();
        using TempState stateA = new(), stateB = new();
        (string a, string b) = (await IdentityAsync(stateA), await IdentityAsync(stateB));
        await TrustAsync(stateA, b);
        await TrustAsync(stateB, a);

        Printed nodeA = network.StartNode(Network.HostA, stateA, "Field One", $"{listen}:18789");
        Printed nodeB = network.StartNode(Network.HostB, stateB, "Field One", $"{listen}:18790");

        await nodeA.LineAsync("peer.connect", b[..12]);
        await nodeB.LineAsync("peer.connect", a[..12]);
        Assert.DoesNotContain("peer.fault", nodeA.Text + nodeB.Text, StringComparison.Ordinal);
        // They have one name, so one of them has taken another.
        await (await Task.WhenAny(nodeA.LineAsync("'Field One (2)'"), nodeB.LineAsync("'Field One (2)'")));
    }

    [Fact]
    [Trait("spec", "W-35")]
    [Trait("spec", "W-36")]
    public async Task Avahi_resolves_a_node_on_its_own_host_and_across_the_cable_and_hears_its_goodbye()
    {
        await using Network network = await Network.CreateAsync();
        using TempState state = new();
        const string browse = "avahi-browse -rp _clawmesh._tcp";
        Printed here = network.StartAvahi(Network.HostA, browse);
        Printed there = network.StartAvahi(Network.HostB, browse);
        Printed node = network.StartNode(Network.HostA, state, "Field One");
        string id = await IdentityAsync(state);

        foreach (Printed browser in new[] { here, there })
        {
            string line = await browser.LineAsync("=;eth0;IPv4;", @"Field\032One;_clawmesh._tcp;local;Field-One.local;", $"deviceId={id}");
            Assert.Contains($";{Network.A};18789;", line, StringComparison.Ordinal);
        }

        await node.StopAsync();
        foreach (Printed browser in new[] { here, there }) await browser.LineAsync("-;eth0;IPv4;", @"Field\032One");
    }

    [Fact]
    [Trait("spec", "W-36")]
    public async Task A_name_that_avahi_publishes_already_is_left_to_it()
    {
        await using Network network = await Network.CreateAsync();
        using TempState state = new();
        Printed avahi = network.StartAvahi(Network.HostB, $"avahi-publish -s 'Field One' _clawmesh._tcp 9000 deviceId={Stranger} version=1");
        await avahi.LineAsync("Established under name 'Field One'");

        Printed node = network.StartNode(Network.HostA, state, "Field One");
        await node.LineAsync("'Field One (2)'");
        await Task.Delay(3000);
        Assert.DoesNotContain("collision", avahi.Text, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("(3)", node.Text, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("spec", "W-37")]
    public async Task A_service_that_avahi_publishes_is_found_and_dialled() =>
        await IsDialledAsync(network => network.StartAvahi(Network.HostB, $"avahi-publish -s 'Pump House' _clawmesh._tcp 9003 deviceId={Stranger} version=1"));

    [Fact]
    [Trait("spec", "W-37")]
    public async Task A_service_of_bonjour_service_is_found_and_dialled() =>
        await IsDialledAsync(network => Node(network, Network.HostB, $$"""
            const { Bonjour } = require('bonjour-service');
            new Bonjour().publish({ name: 'Pump House', type: 'clawmesh', port: 9003, txt: { deviceId: '{{Stranger}}', version: '1' } });
            """));

    [Fact]
    [Trait("spec", "W-37")]
    public async Task A_service_of_ciao_is_found_and_dialled() =>
        await IsDialledAsync(network => Node(network, Network.HostB, $$"""
            require('@homebridge/ciao').getResponder({ interface: 'eth0' })
              .createService({ name: 'Pump House', type: 'clawmesh', port: 9003, txt: { deviceId: '{{Stranger}}', version: '1' } }).advertise();
            """));

    [Theory]
    [Trait("spec", "W-34")]
    [Trait("spec", "W-35")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Bonjour_service_finds_a_node_whoever_of_them_came_first(bool nodeFirst)
    {
        await using Network network = await Network.CreateAsync();
        string find = """
            const { Bonjour } = require('bonjour-service'); const b = new Bonjour();
            b.find({ type: 'clawmesh' }, s => console.log(JSON.stringify(s)))
              .on('down', s => console.log('gone ' + s.name));
            """;
        using TempState state = new();
        string id = await IdentityAsync(state);
        Printed? browser = nodeFirst ? null : Node(network, Network.HostB, find);
        Printed node = network.StartNode(Network.HostA, state, "Field One");
        await node.LineAsync("Looking for peers by multicast DNS on eth0");
        if (nodeFirst) await Task.Delay(6000);
        browser ??= Node(network, Network.HostB, find);

        using JsonDocument found = JsonDocument.Parse(await browser.LineAsync("\"Field One\""));
        JsonElement service = found.RootElement;
        Assert.Equal((18789, "Field-One.local"), (service.GetProperty("port").GetInt32(), service.GetProperty("host").GetString()));
        Assert.Equal(id, service.GetProperty("txt").GetProperty("deviceId").GetString());
        Assert.Equal(Network.A, service.GetProperty("addresses")[0].GetString());

        await node.StopAsync();
        await browser.LineAsync("gone Field One");
    }

    [Fact]
    [Trait("spec", "W-38")]
    public async Task Without_a_network_the_node_runs_and_warns_and_announces_itself_once_there_is_one()
    {
        await using Network network = await Network.CreateAsync();
        using TempState state = new();
        Printed browser = network.StartAvahi(Network.HostB, "avahi-browse -rp _clawmesh._tcp");
        Printed node = network.Start(Network.HostA, $"""
            ip link set eth0 down
            '{EdgeBinary.Path}' run --site simulated --state-dir '{state.Path}' --name 'Field One' --log-format text &
            sleep 4; ip link set eth0 up; wait
            """);
        await node.LineAsync("discovery.unavailable");
        await node.LineAsync("Looking for peers by multicast DNS on eth0");
        await browser.LineAsync("=;eth0;IPv4;", "Field-One.local", Network.A);
    }

    private static Printed Node(Network network, string host, string script)
    {
        string packages = Network.Packages();
        string file = Path.Combine(network.Folder, $"{Guid.NewGuid():N}.js");
        File.WriteAllText(file, script);
        return network.Start(host, $"exec node '{file}'", ("NODE_PATH", packages));
    }

    // Nobody listens at that port; that it was dialled there is what counts. All ones is the highest id, so whoever finds it dials.
    private static async Task IsDialledAsync(Func<Network, Printed> publish)
    {
        await using Network network = await Network.CreateAsync();
        using TempState state = new();
        await TrustAsync(state, Stranger);
        Printed node = network.StartNode(Network.HostA, state, "Field One");
        await node.LineAsync("Looking for peers by multicast DNS on eth0");
        publish(network);
        await node.LineAsync("peer.fault", $"ws://{Network.B}:9003");
    }

    private static async Task<string> IdentityAsync(TempState state) => (await EdgeBinary.RunAsync("identity", "--json", "--state-dir", state)).Data.GetProperty("deviceId").GetString()!;

    private static async Task TrustAsync(TempState state, string id)
    {
        Ran ran = await EdgeBinary.RunAsync("trust", "add", id, "--state-dir", state);
        Assert.True(ran.ExitCode == 0, ran.ToString());
    }
}
