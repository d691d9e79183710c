using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Boards;
using ClawMesh.Edge.Hardware.Outputs;
using ClawMesh.Edge.Hardware.Sites;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.TestKit.Hardware;
using ClawMesh.Edge.Tests.Hardware.Outputs;
using ClawMesh.Edge.Trust;

namespace ClawMesh.Edge.Tests.Hardware.Parts.Gpio;

/// <summary>
/// A site file, read and opened as the node does it, over chips in memory. Waits inside a write move the manual clock themselves.
/// </summary>
internal sealed class GpioBench : IDisposable
{
    public const string Valve = "actuator:valve:V1";
    public const string Sensor = "sensor:input:S1";

    private SiteHardware? _hardware;

    /// <param name="lines">Names of the lines of chip <c>bank</c>.</param>
    public GpioBench(params string[] lines)
    {
        Gpio = new FakeGpio(Time);
        Bank = Gpio.AddChip("bank", lines);
        Permits = new TestPermits(Time);
    }

    public ManualTime Time { get; } = new();

    public FakeGpio Gpio { get; }

    public FakeGpioChip Bank { get; }

    public TestPermits Permits { get; }

    /// <summary>Called when a driver waits inside a write, before the time has passed.</summary>
    public Action? Waiting { get; set; }

    public SiteHardware Hardware => _hardware ?? throw new InvalidOperationException("Open a site first.");

    public static SiteReadResult Read(string sensors, string actuators) => SiteFile.Read(
        $$"""{ "schema": 1, "name": "bench", "board": "simulated", "simulated": false, "sensors": [{{sensors}}], "actuators": [{{actuators}}] }""",
        "bench.json",
        new BoardCatalog("/nonexistent"));

    /// <param name="keys">What the entry says of its part, e.g. <c>"driver": "gpio-relay", "chip": "bank", "line": "A"</c>.</param>
    public static string Actuator(string keys, string safe = "inactive", string id = Valve) =>
        $$"""{ "ref": "{{id}}", "zone": "bed", "kind": "onOff", "safe": "{{safe}}", "maxOn": "1m", {{keys}} }""";

    public static string SensorEntry(string keys, string unit = "state", string id = Sensor) =>
        $$"""{ "id": "{{id}}", "zone": "bed", "metric": "thing", "unit": "{{unit}}", {{keys}} }""";

    /// <summary>An output as the node opens it, before anything else touched it.</summary>
    public OutputDriver OpenOutput(string keys, string safe = "inactive")
    {
        Open("", Actuator(keys, safe));
        return (OutputDriver)Hardware.Actuators[0];
    }

    public ISensor OpenSensor(string keys, string unit = "state")
    {
        Open(SensorEntry(keys, unit), "");
        return Hardware.Sensors[0];
    }

    public void Open(string sensors, string actuators)
    {
        SiteReadResult read = Read(sensors, actuators);
        Assert.DoesNotContain(read.Problems, p => p.Severity == ProblemSeverity.Error);
        _hardware = HardwareFactory.Build(read.Site!, "/nonexistent", 0, 1, Time, new FakePorts { Gpio = Gpio, Waits = Wait }, board: null);
    }

    public Task<DriveResult> Apply(OutputDriver output, OutputValue value) =>
        Inline.Finish(Inline.Start(() => output.ApplyAsync(Permits.For(output.Id.Value, value), value, CancellationToken.None)), Time);

    public static async Task<double> ReadAsync(ISensor sensor) => (await sensor.ReadAsync(TestContext.Current.CancellationToken)).Value;

    public void Dispose() => _hardware?.Dispose();

    private void Wait(TimeSpan span)
    {
        Waiting?.Invoke();
        Time.Advance(span);
    }
}
