using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Hardware.Boards;
using ClawMesh.Edge.Hardware.Buses;
using ClawMesh.Edge.Hardware.Sites;

namespace ClawMesh.Edge.Tests.Hardware.Parts;

/// <summary>A site file with one sensor, read and opened as the node does it.</summary>
internal sealed class OneSensor : IDisposable
{
    private readonly SiteHardware _hardware;

    /// <param name="keys">Members of the entry besides id, zone and metric.</param>
    public OneSensor(IHardwarePorts ports, TimeProvider time, string unit, string keys)
    {
        SiteReadResult read = Read(unit, keys);
        Assert.Empty(read.Problems);
        _hardware = HardwareFactory.Build(read.Site!, "/nonexistent", 1, 1, time, ports, board: null);
    }

    public ISensor Sensor => _hardware.Sensors[0];

    public static SiteReadResult Read(string unit, string keys) => SiteFile.Read(
        $$"""
        { "schema": 1, "name": "bench", "board": "simulated", "simulated": false, "actuators": [],
          "sensors": [ { "id": "sensor:part:P1", "zone": "bed", "metric": "value", "unit": "{{unit}}", {{keys}} } ] }
        """,
        "bench.json", new BoardCatalog("/nonexistent"));

    public async Task<double> ValueAsync() => (await Sensor.ReadAsync(TestContext.Current.CancellationToken)).Value;

    public async Task<EdgeException> FaultAsync() => await Assert.ThrowsAsync<EdgeException>(async () => await Sensor.ReadAsync(TestContext.Current.CancellationToken));

    public void Dispose() => _hardware.Dispose();
}
