using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Boards;
using ClawMesh.Edge.Hardware.Buses;
using ClawMesh.Edge.Hardware.Simulated;
using ClawMesh.Edge.Hardware.Sites;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Tests.Hardware.Outputs;
using ClawMesh.Edge.Trust;

namespace ClawMesh.Edge.Tests.Hardware.Simulated;

/// <summary>The embedded simulated site on a manual clock and a directory of its own.</summary>
internal sealed class FarmBench : IDisposable
{
    public const string Valve1 = "actuator:valve:zone-1";
    public const string Valve2 = "actuator:valve:zone-2";
    public const string Pump = "actuator:pump:P1";
    public const string Moisture1 = "sensor:soil-moisture:zone-1";
    public const string Flow = "sensor:flow:mainline-01";

    private readonly bool _ownsDirectory;

    public FarmBench(ulong seed = 7, double rate = 60, string? stateDirectory = null)
    {
        _ownsDirectory = stateDirectory is null;
        StateDirectory = stateDirectory ?? Directory.CreateTempSubdirectory("clawmesh-farm-").FullName;
        Hardware = HardwareFactory.Build(Site, StateDirectory, seed, rate, Time, LinuxPorts.ThisMachine, board: null);
        Permits = new TestPermits(Time);
    }

    public static Site Site { get; } = new SiteCatalog(new BoardCatalog("/nonexistent"), "/nonexistent").Read("simulated").Site!;

    public ManualTime Time { get; } = new();

    public string StateDirectory { get; }

    public SiteHardware Hardware { get; }

    public SimulatedFarm Farm => Hardware.Farm!;

    public TestPermits Permits { get; }

    public string FaultFilePath => Path.Combine(StateDirectory, "sim", "faults.json");

    public IActuator Output(string id) => Hardware.Actuators.Single(a => a.Id.Value == id);

    public ISensor Sensor(string id) => Hardware.Sensors.Single(s => s.Info.Id.Value == id);

    public async Task<double> ReadAsync(string sensor) => (await Sensor(sensor).ReadAsync(CancellationToken.None)).Value;

    /// <summary>Lets the node's clock run, advancing physics ten times a second as the agent does.</summary>
    public void Run(TimeSpan realTime)
    {
        for (TimeSpan done = TimeSpan.Zero; done < realTime; done += TimeSpan.FromMilliseconds(100))
        {
            Time.Advance(TimeSpan.FromMilliseconds(100));
            Farm.Advance();
        }
    }

    public Task<DriveResult> Apply(string actuator, OutputValue value) => Inline.Finish(
        Inline.Start(() => Output(actuator).ApplyAsync(Permits.For(actuator, value), value, CancellationToken.None)), Time, Farm.Advance);

    public void Dispose()
    {
        Hardware.Dispose();
        if (_ownsDirectory) Directory.Delete(StateDirectory, recursive: true);
    }
}
