using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Buses;
using ClawMesh.Edge.Hardware.Parts;

namespace ClawMesh.Edge.Tests.Hardware.Buses;

public sealed class BusThreadTests : IDisposable
{
    private readonly SiteBuses _buses = new(LinuxPorts.ThisMachine, board: null, TimeProvider.System);
    private readonly ManualResetEventSlim _wedge = new(true);

    [Fact]
    public async Task A_wedged_bus_holds_only_its_own_reads_and_says_so_until_it_lets_go()
    {
        GatedPart wedged = Part("i2c-1", "a");
        GatedPart sibling = Part("i2c-1", "b");
        GatedPart other = Part("i2c-2", "c");
        _wedge.Reset();
        wedged.Gate = _wedge;
        using var deadline = new CancellationTokenSource();

        ValueTask<Reading> stuck = wedged.ReadAsync(deadline.Token);
        await wedged.Entered;
        Reading elsewhere = await other.ReadAsync(Cancel);
        ValueTask<Reading> behind = sibling.ReadAsync(deadline.Token);
        await deadline.CancelAsync();

        Assert.Equal(1, elsewhere.Value);
        await Assert.ThrowsAsync<OperationCanceledException>(async () => await stuck);
        await Assert.ThrowsAsync<OperationCanceledException>(async () => await behind);
        var fault = await Assert.ThrowsAsync<EdgeException>(async () => await wedged.ReadAsync(Cancel));
        Assert.Equal("bus.blocked", fault.Code);
        Assert.Equal(FailureClass.BusIo, fault.FailureClass);
        Assert.Contains("i2c-1", fault.Message, StringComparison.Ordinal);

        _wedge.Set();
        await FreeAsync(wedged);
        await FreeAsync(sibling);
    }

    [Fact]
    public async Task A_probe_may_read_beside_the_sampler()
    {
        GatedPart part = Part("i2c-1", "a");
        _wedge.Reset();
        part.Gate = _wedge;

        ValueTask<Reading> sampler = part.ReadAsync(Cancel);
        await part.Entered;
        ValueTask<Reading> probe = part.ReadAsync(Cancel);
        _wedge.Set();

        Assert.Equal(1, (await sampler).Value);
        Assert.Equal(1, (await probe).Value);
    }

    [Fact]
    public async Task What_a_driver_throws_reaches_whoever_reads()
    {
        GatedPart part = Part("i2c-1", "a");
        part.Fault = new EdgeException("i2c.no_answer", "Could not read.", "Nobody answers at 0x48.", "Check the address.", FailureClass.DeviceAbsent);

        var first = await Assert.ThrowsAsync<EdgeException>(async () => await part.ReadAsync(Cancel));
        part.Fault = null;
        Reading second = await part.ReadAsync(Cancel);

        Assert.Equal("i2c.no_answer", first.Code);
        Assert.Equal(1, second.Value);
    }

    [Fact]
    public async Task A_calibration_turns_what_the_part_says_into_what_it_means()
    {
        var wiring = new Dictionary<string, string>
        {
            ["calibration.raw1"] = "2", ["calibration.value1"] = "0", ["calibration.raw2"] = "0", ["calibration.value2"] = "100",
        };
        var part = new GatedPart(new PartSite(LinuxPorts.ThisMachine, _buses, Board: null, TimeProvider.System), new SensorBinding(Info("i2c-1", "a"), "test", wiring));

        Assert.Equal(50, (await part.ReadAsync(Cancel)).Value);
    }

    public void Dispose()
    {
        _wedge.Set();
        _buses.Dispose();
        _wedge.Dispose();
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static SensorInfo Info(string bus, string name) => new(new SensorId($"sensor:test:{name}"), "z", new Quantity("q", "V"), TimeSpan.FromSeconds(1), bus, Simulated: false);

    private GatedPart Part(string bus, string name) =>
        new(new PartSite(LinuxPorts.ThisMachine, _buses, Board: null, TimeProvider.System), new SensorBinding(Info(bus, name), "test", new Dictionary<string, string>()));

    // The bus lets go in its own time; until then a read is refused.
    private static async Task FreeAsync(GatedPart part)
    {
        while (true)
        {
            try
            {
                Assert.Equal(1, (await part.ReadAsync(Cancel)).Value);
                return;
            }
            catch (EdgeException blocked) when (blocked.Code == "bus.blocked")
            {
                await Task.Yield();
            }
        }
    }

    private sealed class GatedPart(PartSite site, SensorBinding binding) : PartSensor(site, binding)
    {
        private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ManualResetEventSlim? Gate { get; set; }

        public EdgeException? Fault { get; set; }

        public Task Entered => _entered.Task;

        protected override double Measure()
        {
            _entered.TrySetResult();
            Gate?.Wait();
            return Fault is null ? 1 : throw Fault;
        }
    }
}
