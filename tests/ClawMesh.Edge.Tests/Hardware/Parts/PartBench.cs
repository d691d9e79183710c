using System.Reflection;
using System.Text.Json.Nodes;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Hardware.Boards;
using ClawMesh.Edge.Hardware.Outputs;
using ClawMesh.Edge.Hardware.Sites;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.TestKit.Hardware;

namespace ClawMesh.Edge.Tests.Hardware.Parts;

/// <summary>Fake ports and a site text on them, opened as the node opens it.</summary>
internal sealed class PartBench : IDisposable
{
    public const string Actuator = "actuator:bench:part";

    private const string Board = """{ "schema": 1, "name": "bench", "title": "Bench", "source": "none", "channels": [] }""";

    private static readonly BoardCatalog Boards = BoardCatalog.Only("bench", Board, "bench.json");

    private SiteHardware? _hardware;

    public PartBench()
    {
        Ports.Waits = Time.Advance;
        Ports.I2c[I2c.Device] = I2c;
    }

    public FakePorts Ports { get; } = new();

    public FakeI2cBus I2c { get; } = new();

    public ManualTime Time { get; } = new();

    /// <summary>Checks a site of these entries.</summary>
    public static SiteReadResult Read(IReadOnlyList<JsonObject> sensors, IReadOnlyList<JsonObject> actuators)
    {
        var site = new JsonObject
        {
            ["schema"] = 1,
            ["name"] = "bench",
            ["board"] = "bench",
            ["simulated"] = false,
            ["sensors"] = new JsonArray([.. sensors]),
            ["actuators"] = new JsonArray([.. actuators]),
        };
        return SiteFile.Read(site.ToJsonString(), "bench.json", Boards);
    }

    public static JsonObject SensorEntry(string keys, string unit, int number = 0) =>
        Merge(JsonNode.Parse($$"""{ "id": "sensor:bench:part-{{number}}", "zone": "bench", "metric": "value", "unit": "{{unit}}" }""")!.AsObject(), keys);

    public static JsonObject OutputEntry(string keys, bool isLevel = false, string safe = "\"inactive\"", int? number = null) =>
        Merge(JsonNode.Parse($$"""{ "ref": "{{Actuator}}{{number}}", "zone": "bench", "kind": "{{(isLevel ? "level" : "onOff")}}", "safe": {{safe}}, "maxOn": "60s" }""")!.AsObject(), keys);

    /// <summary>The later wins.</summary>
    public static JsonObject Merge(JsonObject into, string keys)
    {
        foreach ((string key, JsonNode? value) in JsonNode.Parse(keys)!.AsObject()) into[key] = value?.DeepClone();
        return into;
    }

    public SiteHardware Open(IReadOnlyList<JsonObject> sensors, IReadOnlyList<JsonObject> actuators)
    {
        SiteReadResult read = Read(sensors, actuators);
        Assert.True(read.Site is not null, string.Join('\n', read.Problems.Select(p => $"{p.Path}: {p.What}")));
        return _hardware = HardwareFactory.Build(read.Site, "/nonexistent", 0, 1, Time, Ports, Boards.Read("bench").Board);
    }

    public ISensor Sensor(string keys, string unit) => Open([SensorEntry(keys, unit)], []).Sensors[0];

    public OutputDriver Output(string keys, bool isLevel = false, string safe = "\"inactive\"") => (OutputDriver)Open([], [OutputEntry(keys, isLevel, safe)]).Actuators[0];

    public static async Task<double> ReadAsync(ISensor sensor) => (await sensor.ReadAsync(TestContext.Current.CancellationToken)).Value;

    /// <summary>The sensor's measurement on this very thread, without the thread of its bus.</summary>
    public static Func<double> Inline(ISensor sensor) =>
        sensor.GetType().GetMethod("Measure", BindingFlags.Instance | BindingFlags.NonPublic)!.CreateDelegate<Func<double>>(sensor);

    public void Dispose() => _hardware?.Dispose();
}
