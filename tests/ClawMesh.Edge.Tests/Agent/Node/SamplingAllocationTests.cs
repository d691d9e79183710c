using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Frames;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Buses;
using ClawMesh.Edge.Hardware.Parts;

namespace ClawMesh.Edge.Tests.Agent.Node;

/// <summary>Counts what the whole process allocates while a sensor on a bus of its own is sampled, so nothing may run beside it.</summary>
[Collection(nameof(Alone))]
public sealed class SamplingAllocationTests
{
    private const int Samples = 200;

    // Bytes of the smallest object there is.
    private const double OneObject = 24;

    private static readonly SensorInfo Info = new(new SensorId("sensor:test:1"), "zone-1", new Quantity("voltage", "V"), TimeSpan.FromMilliseconds(1), "i2c-1", Simulated: false);

    [Fact]
    public async Task Sampling_a_part_allocates_nothing_once_it_runs()
    {
        var events = new EventLog(TimeProvider.System);
        using var buses = new SiteBuses(LinuxPorts.ThisMachine, board: null, TimeProvider.System);
        var sensor = new CountingPart(new PartSite(LinuxPorts.ThisMachine, buses, Board: null, TimeProvider.System), new SensorBinding(Info, "test", new Dictionary<string, string>()));
        var latest = new LatestReadings([sensor]);
        // A report interval longer than the test: frames do allocate, samples must not.
        var flow = new FrameFlow(new FrameFactory(new NodeId(new string('a', 64)), "n", TimeProvider.System, Guid.NewGuid), (_, _) => { }, TimeProvider.System, TimeSpan.FromHours(1));
        using var stop = new CancellationTokenSource();

        Task running = new SensorLoop(sensor, new Subsystem("s", "sensor", events), latest, flow, events, TimeProvider.System).RunAsync(stop.Token);
        await sensor.ReachedAsync(100);
        // The runner of the tests allocates now and then, in the same process: the quietest of a few stretches counts.
        double least = double.MaxValue;
        for (int stretch = 0; stretch < 8 && least >= OneObject / 2; stretch++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            int first = sensor.Reads;
            await sensor.ReachedAsync(first + Samples);
            least = Math.Min(least, (double)(GC.GetTotalAllocatedBytes(precise: true) - before) / (sensor.Reads - first));
        }

        await stop.CancelAsync();
        await running;

        Assert.True(least < OneObject / 2, $"{least:0.0} bytes for each sample");
    }

    private sealed class CountingPart(PartSite site, SensorBinding binding) : PartSensor(site, binding)
    {
        private int _reads;
        private volatile TaskCompletionSource? _reached;
        private volatile int _goal;

        public int Reads => Volatile.Read(ref _reads);

        public Task ReachedAsync(int reads)
        {
            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            (_goal, _reached) = (reads, reached);
            return reached.Task;
        }

        protected override double Measure()
        {
            if (Interlocked.Increment(ref _reads) >= _goal) _reached?.TrySetResult();
            return 1.25;
        }
    }
}

[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
