using System.Text.Json;
using ClawMesh.Edge.Agent.Recorder;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Trust.Safety;

namespace ClawMesh.Edge.Tests.Agent.Recorder;

/// <summary>A real desk whose tick feeds a recorder, on a manual clock and a disk in memory.</summary>
internal sealed class RecorderBench : IAsyncDisposable
{
    public static readonly SensorId Level = new("sensor:tank-level:tank-1");
    public static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(20);

    private readonly LateTap _tap = new();
    private int _ticks;

    public RecorderBench(MemoryDisk? disk = null, long megabytes = 16, string boot = "boot-1")
    {
        Disk = disk ?? new MemoryDisk();
        Desk = new PermitDesk(options: o => o with { Tap = _tap });
        SensorId[] sensors = [Level];
        Ring = new BurstRing(1, sensors, Desk.Readings, Tick, Desk.Time);
        Recorder = new FlightRecorder(
            new RecorderLayout(boot, "1.2.3", "bench", [PermitDesk.Valve.Value], ["bus-1"], [Level.Value]), Ring, new SegmentRing(Disk, megabytes << 20), sensors, Desk.Readings, Look, Desk.Events, Desk.Time);
        _tap.To = Ring;
        Desk.Events.Published += Recorder.Heard;
        Desk.Readings.Set(Level, 61.5);
    }

    public MemoryDisk Disk { get; }

    public PermitDesk Desk { get; }

    public BurstRing Ring { get; }

    public FlightRecorder Recorder { get; }

    public RecorderReader Reader => new(Disk);

    /// <summary>Ticks every 20 ms, a pass of the recorder every second.</summary>
    public void Run(double seconds)
    {
        for (int i = 0; i < seconds * 50; i++)
        {
            Desk.Time.Advance(Tick);
            Desk.Desk.Tick();
            if (++_ticks % 50 == 0) Recorder.Second();
        }
    }

    public List<JsonElement> Export(RecorderSpan? span = null, RecorderCounts? expect = null)
    {
        using var text = new StringWriter();
        RecorderCounts counts = Reader.Export(span ?? new RecorderSpan(DateTimeOffset.MinValue, DateTimeOffset.MaxValue), csv: false, text);
        if (expect is not null) expect.SkippedBytes = counts.SkippedBytes;
        return [.. text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement)];
    }

    public List<JsonElement> Export(string kind) => [.. Export().Where(r => Kind(r) == kind)];

    public static string Kind(JsonElement record) => record.GetProperty("kind").GetString()!;

    public static DateTimeOffset At(JsonElement record) => record.GetProperty("at").GetDateTimeOffset();

    public ValueTask DisposeAsync() => Desk.DisposeAsync();

    private void Look(RecorderFacts facts)
    {
        facts.Readiness = (byte)ReadinessLevel.ActuationReady;
        facts.JournalReady = true;
        facts.Peers = 2;
        facts.MemoryKiB = 45_000;
        facts.ReadBack[0] = (float)(Desk.Actuator.ReadBack()?.Ratio ?? double.NaN);
        facts.SensorStates[0] = (byte)DriverState.Active;
    }

    // The desk makes its clock itself, and the ring needs it.
    private sealed class LateTap : ISafetyTap
    {
        public ISafetyTap? To { get; set; }

        public void Ticked(long timestamp, ReadOnlySpan<OutputGlance> outputs) => To?.Ticked(timestamp, outputs);
    }
}
