using System.Text.Json;
using System.Text.Json.Nodes;
using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Tests.Agent.Node;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.Mesh;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Mesh.Golden;

/// <summary>
/// Recording 05 against a whole node with the identity of alpha (conformance row C15). Its sessions are test links; its clock stands
/// still, so its own sensors speak once at most.
/// </summary>
public sealed class ReadMethodsReplayTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new();

    [Fact]
    [Trait("spec", "W-21")]
    [Trait("spec", "W-133")]
    [Trait("spec", "W-134")]
    [Trait("spec", "W-136")]
    [Trait("spec", "W-137")]
    [Trait("spec", "W-138")]
    [Trait("spec", "W-139")]
    [Trait("spec", "W-140")]
    [Trait("spec", "W-115")]
    public async Task Every_read_method_answers_with_the_recorded_members_and_types()
    {
        var time = new ManualTime();
        await using EdgeNode node = await StartAsync(time);
        Transcript recording = Transcript.Load("05");
        WireLink beta = Beta(node, time);
        WireLink probe = new ClassicPeer("probe", time) { Capabilities = ["actuator:valve:V1"] }.Join(node.Mesh, time);
        // The frames that the recorded node answered with, told again by those who told it.
        foreach (JsonElement frame in recording.Lines.Where(l => l.Member("payload", "entries") is not null).SelectMany(l => l.Member("payload", "frames")!.Value.EnumerateArray()))
        {
            string source = frame.GetProperty("sourceDeviceId").GetString()!;
            if (source != node.DeviceId.Value) (source == Transcript.DeviceId("probe") ? probe : beta).Feed($$"""{"type":"event","event":"context.frame","payload":{{frame.GetRawText()}}}""");
        }

        Differences table = Table();
        var problems = new List<string>();
        var compared = new List<string>();
        // Beta's links are not alpha's; of its answers those are compared that do not show them.
        foreach (Line asked in recording.Lines.Where(l => l is { Direction: "sent", Type: "req" } && !l.Name.StartsWith("mesh.c", StringComparison.Ordinal) && (l.Link == "probe>alpha" || l.Name == "mesh.world.query")))
        {
            Line answer = recording.Lines.Single(l => l.Direction == "recv" && l.Id == asked.Id);
            JsonElement? ours = ClassicPeer.Ask(probe, asked.Text);
            Assert.NotNull(ours);
            if (!ours.Value.GetProperty("ok").GetBoolean())
            {
                string code = ours.Value.GetProperty("error").GetProperty("code").GetString()!;
                if (table.CodeOf(asked.Name) != code) problems.Add($"{asked.Name} was answered with {code}");
                continue;
            }

            compared.Add(asked.Name);
            problems.AddRange(table.Compare(Types(answer.Message!.Value.GetProperty("payload")), Types(ours.Value.GetProperty("payload")), asked.Name).Select(d => $"{asked.Link} {d}"));
        }

        problems.AddRange(table.Unused);
        Assert.True(problems.Count == 0, string.Join('\n', problems.Distinct()));
        Assert.Equal(12, compared.Count);
    }

    [Fact]
    [Trait("spec", "W-139")]
    [Trait("spec", "W-138")]
    [Trait("spec", "W-140")]
    [Trait("spec", "W-142")]
    public async Task Computed_values_are_those_of_the_recording()
    {
        var time = new ManualTime();
        await using EdgeNode node = await StartAsync(time);
        WireLink beta = Beta(node, time);
        WireLink probe = new ClassicPeer("probe", time) { Capabilities = ["actuator:valve:V1"] }.Join(node.Mesh, time);
        foreach (Line line in Transcript.Load("03").Lines.Where(l => l is { Direction: "sent", Name: "context.frame" }))
            (line.Link == "probe>alpha" ? probe : beta).Feed(line.Text.Replace("\"gen\":2", "\"gen\":3", StringComparison.Ordinal));

        JsonElement world = Ask("mesh.world.query", """{"limit":5,"kind":"event"}""");
        Line recorded = Transcript.Load("05").Lines.First(l => l.Member("payload", "byKind") is { } kinds && kinds.TryGetProperty("event", out _) && kinds.EnumerateObject().Count() == 1);
        JsonElement events = Ask("mesh.events", """{"limit":5,"type":"peer.connect"}""");
        JsonElement since = Ask("mesh.events", """{"limit":2,"sinceMs":0}""");
        JsonElement trace = Ask("mesh.trace", """{"frameId":"e54d7464-15f6-4906-9c02-f1b2e6dc82b7"}""");

        // The metric that the recording lists, under its name; and none that was never raised.
        Dictionary<string, JsonElement> metrics = Ask("mesh.health", "{}").GetProperty("metrics").EnumerateArray().Where(m => !m.TryGetProperty("labels", out _)).ToDictionary(m => m.GetProperty("name").GetString()!);
        Assert.Equal("counter", metrics["mesh.inbound.messages"].GetProperty("type").GetString());
        Assert.Equal(node.Mesh.Counters[MeshCounter.InboundMessages], metrics["mesh.inbound.messages"].GetProperty("value").GetInt64());
        Assert.Equal(2, metrics["mesh.peers.connected"].GetProperty("value").GetInt64());
        Assert.DoesNotContain("mesh.inbound.rate_limited", metrics.Keys);

        // Both events, from probe and from the observer; the latter came over one edge less than in the recording.
        Assert.Equal(recorded.Member("payload", "count")!.Value.GetInt32(), world.GetProperty("count").GetInt32());
        foreach (string name in new[] { "bySourceDeviceId", "byKind", "byTrustTier" })
            Assert.Equal(recorded.Member("payload", name)!.Value.GetRawText(), world.GetProperty(name).GetRawText());
        Assert.Equal(
            recorded.Member("payload", "frames")!.Value.EnumerateArray().Select(f => f.GetProperty("frameId").GetString()),
            world.GetProperty("frames").EnumerateArray().Select(f => f.GetProperty("frameId").GetString()));

        // Newest first by type; oldest first with sinceMs, the last two.
        Assert.Equal(
            [$"Connected: {Transcript.DeviceId("probe")[..12]}…", $"Connected: {Transcript.DeviceId("beta")[..12]}…"],
            events.GetProperty("events").EnumerateArray().Select(e => e.GetProperty("message").GetString()));
        Assert.Equal([Transcript.DeviceId("probe")[..12], Transcript.DeviceId("beta")[..12]], events.GetProperty("events").EnumerateArray().Select(e => e.GetProperty("data").GetProperty("deviceId").GetString()));
        Assert.Equal(2, events.GetProperty("summary").GetProperty("peerChanges").GetInt32());
        long[] sequence = [.. since.GetProperty("events").EnumerateArray().Select(e => e.GetProperty("sequence").GetInt64())];
        Assert.True(sequence is [var first, var last] && first + 1 == last);

        // The chain that beta showed for the same frame, alone and in the list of its stage; and nothing for a frame that nobody sent.
        JsonElement recordedChain = Transcript.Load("05").Lines.Select(l => l.Member("payload", "chains")).OfType<JsonElement>().Single().EnumerateArray().Single(c => c.GetProperty("originId").GetString()!.StartsWith("e54d", StringComparison.Ordinal));
        Assert.Empty(TraceTable().Compare(recordedChain, trace.GetProperty("chain"), "chain"));
        Assert.Equal("1. [sensor.ingest] +0ms: zone-2:moisture=30", trace.GetProperty("formatted").GetString());
        JsonElement stage = Ask("mesh.trace", """{"stage":"sensor.ingest"}""");
        Assert.Empty(TraceTable().Compare(recordedChain, stage.GetProperty("chains")[0], "chain"));
        Assert.Equal(stage.GetProperty("chains").GetArrayLength(), stage.GetProperty("total").GetInt32());
        Assert.Equal("""{"chain":null,"message":"No chain found for this frame ID"}""", Ask("mesh.trace", """{"frameId":"00000000-0000-4000-8000-000000000000"}""").GetRawText());

        JsonElement Ask(string method, string parameters) => ClassicPeer.Ask(probe, ClassicPeer.Request(method, JsonNode.Parse(parameters)))!.Value.GetProperty("payload");
    }

    public void Dispose() => _scratch.Dispose();

    // Values differ by topology and moment; what is compared is which members there are and of which JSON type. Lists are compared by
    // their first element, maps keyed by data by the type of their values.
    private static JsonElement Types(JsonElement e)
    {
        return JsonDocument.Parse((Of(e) ?? JsonValue.Create("null")!).ToJsonString()).RootElement;

        static JsonNode? Of(JsonElement e, string name = "") => e.ValueKind switch
        {
            JsonValueKind.Object when name is "bySourceDeviceId" or "byKind" or "byTrustTier" or "byType" => "map of " + string.Join('|', e.EnumerateObject().Select(m => m.Value.ValueKind).Distinct()),
            JsonValueKind.Object when name is "frames" && e.TryGetProperty("data", out JsonElement data) => "frame " + data.ValueKind,
            JsonValueKind.Object => new JsonObject([.. e.EnumerateObject().Select(m => KeyValuePair.Create(m.Name, Of(m.Value, m.Name)))]),
            // The recorded node has no outputs to show.
            JsonValueKind.Array when name == "records" => "outputs of the site",
            // The recorded events are all of peers; ours has more to tell.
            JsonValueKind.Array when name == "events" => new JsonArray(Of(e.EnumerateArray().First(m => m.GetProperty("type").GetString() == "peer.connect"))),
            JsonValueKind.Array => e.GetArrayLength() == 0 ? "empty list" : new JsonArray(Of(e[0], name)),
            JsonValueKind.True or JsonValueKind.False => "flag",
            _ => e.ValueKind.ToString(),
        };
    }

    private static Differences TraceTable() => new Differences().Free("chain.startedAt", "a moment of this run").Free("chain.steps[].timestamp", "a moment of this run");

    private static Differences Table()
    {
        var table = new Differences()
            .Added("mesh.peers.peers[].edge", "X-35")
            .Added("mesh.status.peers[].edge", "X-35")
            .Added("mesh.status.edge", "what an Edge node has to say beyond W-134")
            .Added("mesh.status.configuredStaticPeers[].edge", "the dialler's state, W-42")
            .Absent("mesh.status.plannerModelSpec", "W-134: of nodes with a model")
            .Absent("mesh.health.plannerModelSpec", "W-136: of nodes with a model")
            .Added("mesh.health.configuredStaticPeers[].edge", "the dialler's state, W-42");
        foreach (string member in new[] { "sequence", "schema", "severity", "subject" }) table.Added($"mesh.events.events[].{member}", "an Edge event says more than W-139 asks for");
        return table;
    }

    private async Task<EdgeNode> StartAsync(ManualTime time)
    {
        var state = new StateDirectory(_scratch.At("state"), "--state-dir");
        byte[] pkcs8 = [.. Convert.FromHexString("302e020100300506032b657004220420"), .. GoldenData.Json("identities/keys.json").GetProperty("alpha").Hex("throwawaySeedHex")];
        string pem = $"-----BEGIN PRIVATE KEY-----\\n{Convert.ToBase64String(pkcs8)}\\n-----END PRIVATE KEY-----\\n";
        string identity = await File.ReadAllTextAsync(GoldenData.PathOf("identities/alpha/identity/device.json.template"));
        File.SetUnixFileMode(_scratch.Put("state/identity/device.json", identity.Replace("@PKCS8_PEM_OF_SEED@", pem, StringComparison.Ordinal)), UnixMode.OwnerOnly);
        File.SetUnixFileMode(_scratch.Put("state/mesh/trusted-peers.json", await File.ReadAllTextAsync(GoldenData.PathOf("identities/alpha/mesh/trusted-peers.json"))), UnixMode.OwnerOnly);
        EdgeNode node = await EdgeNode.StartAsync(
            new NodeOptions
            {
                State = state, SignFrames = false, Site = "simulated", Name = "alpha", Host = "127.0.0.1", Port = 0, Discovery = false, MeshName = "golden-mesh",
                StaticPeers = [$"{Transcript.DeviceId("beta")}=ws://127.0.0.1:19102||local"],
            },
            time, TestContext.Current.CancellationToken);
        return node.WithFirstSamples();
    }

    private static WireLink Beta(EdgeNode node, ManualTime time)
    {
        var link = new WireLink(time, dialled: true);
        link.User = node.Mesh.Open(link, node.Mesh.Dials[0]);
        new ClassicPeer("beta", time) { Capabilities = ["channel:clawmesh"] }.Welcome(link);
        return link;
    }
}
