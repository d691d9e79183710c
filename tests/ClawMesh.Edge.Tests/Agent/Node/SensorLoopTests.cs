using System.Collections.Concurrent;
using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Frames;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Agent.Node;

public sealed class SensorLoopTests : IAsyncDisposable
{
    private static readonly SensorInfo Info = new(
        new SensorId("sensor:test:1"), "zone-1", new Quantity("moisture", "%"), TimeSpan.FromSeconds(1), "test", Simulated: false,
        ValidMin: 0, ValidMax: 100, Low: 25, Critical: 10);

    private readonly ManualTime _time = new();
    private readonly EventLog _events;
    private readonly ScriptedSensor _sensor;
    private readonly Subsystem _subsystem;
    private readonly LatestReadings _latest;
    private readonly ConcurrentQueue<ContextFrame> _told = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    public SensorLoopTests()
    {
        _events = new EventLog(_time);
        _sensor = new ScriptedSensor(_time);
        _subsystem = new Subsystem(Info.Id.Value, "sensor", _events);
        _latest = new LatestReadings([_sensor]);
        var flow = new FrameFlow(new FrameFactory(new NodeId(new string('a', 64)), "n", _time, Guid.NewGuid), (frame, _) => _told.Enqueue(frame), _time, TimeSpan.FromSeconds(5));
        _running = new SensorLoop(_sensor, _subsystem, _latest, flow, _events, _time).RunAsync(_stop.Token);
    }

    [Fact]
    public async Task A_sensor_that_answers_is_active_and_its_latest_reading_is_known()
    {
        await SettleAsync();

        Assert.Equal(DriverState.Active, _subsystem.State);
        Assert.Equal(50, _latest.Latest(Info.Id)!.Value.Value);
    }

    [Fact]
    public async Task Three_misses_run_the_reprobe_recipe_once_and_its_result_is_an_event()
    {
        await SettleAsync();
        _sensor.FailNext(3);

        await SecondsAsync(4);

        Assert.Equal(DriverState.Active, _subsystem.State);
        Assert.Equal(1, Count(EventTypes.RecoveryAttempt));
        Assert.Equal(1, Count(EventTypes.RecoveryResult));
        Assert.Equal(0, Count(EventTypes.RecoveryEscalated));
    }

    [Fact]
    public async Task A_sensor_that_stays_away_is_blocked_said_so_once_and_comes_back_by_itself()
    {
        await SettleAsync();
        _sensor.FailNext(20);

        await SecondsAsync(10);
        DriverState blocked = _subsystem.State;
        int escalations = Count(EventTypes.RecoveryEscalated);
        await SecondsAsync(300);

        Assert.Equal(DriverState.Blocked, blocked);
        Assert.Equal(1, escalations);
        Assert.Equal(1, Count(EventTypes.RecoveryEscalated));
        Assert.Equal(DriverState.Active, _subsystem.State);
    }

    [Fact]
    public async Task A_silent_sensor_is_cut_off_by_its_deadline_and_holds_nobody()
    {
        await SettleAsync();
        _sensor.Silent = true;

        await SecondsAsync(40);

        Assert.Equal(DriverState.Blocked, _subsystem.State);
        Assert.Contains(_events.Newest(100), e => e.FailureClass == FailureClass.StaleData);
    }

    // Used to end the whole node: nobody caught what was no fault of the house.
    [Fact]
    public async Task A_driver_that_throws_anything_is_a_sensor_in_trouble_and_nothing_more()
    {
        _sensor.Bug = new ObjectDisposedException("handle");

        await SecondsAsync(10);

        Assert.False(_running.IsCompleted);
        Assert.Contains("ObjectDisposedException", _subsystem.Detail, StringComparison.Ordinal);
        _sensor.Bug = null;
        await SecondsAsync(20);
        Assert.Equal(DriverState.Active, _subsystem.State);
    }

    [Fact]
    public async Task A_blocked_sensor_tells_the_fault_of_now_with_its_fix()
    {
        await SettleAsync();
        _sensor.Silent = true;
        await SecondsAsync(40);
        Assert.Equal("sensor.silent", _subsystem.Fault?.Code);

        _sensor.Silent = false;
        _sensor.FailNext(3);
        await SecondsAsync(20);

        Assert.Equal((DriverState.Blocked, "The bus timed out.", FailureClass.BusIo), (_subsystem.State, _subsystem.Detail, _subsystem.FailureClass));
        Assert.Equal("Check the wiring.", _subsystem.Fault?.Fix);
        await SecondsAsync(60);
        Assert.Equal(DriverState.Active, _subsystem.State);
        Assert.Null(_subsystem.Fault);
    }

    [Fact]
    public async Task A_value_out_of_range_is_shown_as_implausible_and_interlocks_see_no_number()
    {
        _sensor.Value = 300;

        await SecondsAsync(6);

        Assert.True(double.IsNaN(_latest.Latest(Info.Id)!.Value.Value));
        ContextFrame frame = _told.Last();
        Assert.Equal("implausible", frame.Data.GetProperty("status").GetString());
        Assert.Equal("T1_unverified_observation", frame.Trust.EvidenceTrustTier);
        Assert.Single(_events.Newest(100), e => e.FailureClass == FailureClass.OutOfRange);
    }

    [Fact]
    public async Task A_sensor_whose_subject_is_switched_off_has_no_number_and_no_trouble()
    {
        _sensor.Info = Info with { MayBeOff = true };
        await SettleAsync();
        int frames = _told.Count;
        _sensor.Value = double.NaN;

        await SecondsAsync(20);

        Assert.True(double.IsNaN(_latest.Latest(Info.Id)!.Value.Value));
        Assert.Equal(DriverState.Active, _subsystem.State);
        Assert.Equal(frames, _told.Count);
        Assert.DoesNotContain(_events.Newest(100), e => e.FailureClass == FailureClass.OutOfRange);
    }

    [Fact]
    public async Task Frames_keep_the_report_interval_except_when_the_status_changes()
    {
        await SecondsAsync(4);
        int quiet = _told.Count;
        _sensor.Value = 12;

        await SecondsAsync(1);

        Assert.Equal(1, quiet);
        Assert.Equal(2, _told.Count);
        Assert.Equal("low", _told.Last().Data.GetProperty("status").GetString());
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private int Count(string type) => _events.Newest(500, e => e.Type == type).Count;

    private async Task SecondsAsync(int seconds)
    {
        for (int i = 0; i < seconds * 2; i++)
        {
            await SettleAsync();
            _time.Advance(TimeSpan.FromMilliseconds(500));
        }

        await SettleAsync();
    }

    // The loop runs on the pool between two movements of the clock. It is at rest when it waits for a timer and has not read for a few
    // yields; a timer that was just set to a read's limit may be one of a read that has not come back yet, and is given more of them.
    private async Task SettleAsync()
    {
        for (int quiet = 0; quiet < (MayBeReading ? 10_000 : 200); quiet++)
        {
            int reads = _sensor.Reads;
            await Task.Yield();
            await Task.Run(static () => { });
            if (_sensor.Reads != reads || _time.UntilNextTimer is null) quiet = 0;
        }
    }

    private bool MayBeReading => !_sensor.Silent && _time.UntilNextTimer is { } left && (left == TimeSpan.FromSeconds(2) || left == TimeSpan.FromSeconds(5));

    private sealed class ScriptedSensor(TimeProvider time) : ISensor
    {
        private int _failures;
        private int _reads;

        public SensorInfo Info { get; set; } = SensorLoopTests.Info;

        public double Value { get; set; } = 50;

        public bool Silent { get; set; }

        public Exception? Bug { get; set; }

        public int Reads => Volatile.Read(ref _reads);

        public void FailNext(int times) => _failures = times;

        public async ValueTask<Reading> ReadAsync(CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _reads);
            if (Bug is not null) throw Bug;
            if (Silent) await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken);
            if (_failures > 0)
            {
                _failures--;
                throw new EdgeException("bus.error", "Could not read.", "The bus timed out.", "Check the wiring.", FailureClass.BusIo);
            }

            return new Reading(Info.Id, Info.Zone, Info.Quantity, Value, time.GetUtcNow(), time.GetTimestamp(), EvidenceTier.OperationalObservation, false);
        }
    }
}
