using System.Threading.Channels;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Trust;
using ClawMesh.Edge.Trust.Interlocks;
using ClawMesh.Edge.Trust.Safety;

namespace ClawMesh.Edge.Tests.Trust.Safety;

/// <summary>The lanes on their real threads. Buses hang on an event and are let go by it; nothing sleeps.</summary>
public sealed class ThreadLaneTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly ManualTime _time = new();
    private readonly List<SafetySupervisor> _supervisors = [];
    private readonly List<HangingOutput> _outputs = [];

    public void Dispose()
    {
        foreach (HangingOutput output in _outputs) output.LetGo();
        foreach (SafetySupervisor supervisor in _supervisors) supervisor.Dispose();
    }

    [Fact]
    public async Task A_hanging_bus_does_not_delay_the_safe_write_of_another()
    {
        OutputSlot stuck = Slot("actuator:valve:stuck", "i2c-1");
        OutputSlot free = Slot("actuator:valve:free", "i2c-2");
        SafetySupervisor safety = Start(stuck, free);
        Output(stuck).Hang();

        Task<SafeResult> stuckSafe = safety.MakeSafeAsync(stuck, SafeCause.Operator);
        Assert.True(Output(stuck).Entered.Wait(Patience, Ct));
        SafeResult freeSafe = await safety.MakeSafeAsync(free, SafeCause.Operator).WaitAsync(Patience, Ct);

        Assert.True(freeSafe.Confirmed);
        Assert.False(stuckSafe.IsCompleted);
        Output(stuck).LetGo();
        Assert.True((await stuckSafe.WaitAsync(Patience, Ct)).Confirmed);
    }

    [Fact]
    public void The_tick_does_not_wait_for_a_hanging_bus_and_goes_on_ending_leases()
    {
        OutputSlot stuck = Slot("actuator:valve:stuck", "i2c-1");
        OutputSlot free = Slot("actuator:valve:free", "i2c-2");
        SafetySupervisor safety = Start(stuck, free);
        Output(stuck).Hang();
        Energise(stuck, TimeSpan.FromSeconds(1));
        Energise(free, TimeSpan.FromSeconds(2));

        _time.Advance(TimeSpan.FromSeconds(1));
        safety.Tick();
        Assert.True(Output(stuck).Entered.Wait(Patience, Ct));
        _time.Advance(TimeSpan.FromSeconds(1));
        safety.Tick();

        Assert.True(Output(free).Entered.Wait(Patience, Ct));
    }

    [Fact]
    public async Task A_lane_that_is_blocked_for_200_ms_is_told_once_latches_and_opens_the_upstream_output()
    {
        OutputSlot pump = Slot("actuator:pump:P1", "gpio");
        OutputSlot valve = Slot("actuator:valve:V1", "i2c-1", upstream: pump.Id);
        SafetySupervisor safety = Start(pump, valve);
        Output(valve).Hang();
        Energise(pump, TimeSpan.FromMinutes(5));
        Energise(valve, TimeSpan.FromSeconds(1));

        _time.Advance(TimeSpan.FromSeconds(1));
        safety.Tick();
        Assert.True(Output(valve).Entered.Wait(Patience, Ct));
        _time.Advance(TimeSpan.FromMilliseconds(199));
        safety.Tick();
        Assert.Null(valve.Latch);
        Assert.Equal(0, Output(pump).SafeWrites);

        _time.Advance(TimeSpan.FromMilliseconds(2));
        safety.Tick();
        SafetyNote[] notes = [await NextNoteAsync(safety), await NextNoteAsync(safety)];
        SafetyNote blocked = Assert.Single(notes, n => n.BusBlocked);
        Assert.Equal((valve, SafeCause.LeaseEnd), (blocked.Slot, blocked.Cause));
        Assert.Equal("bus_io", valve.Latch?.Cause);
        SafetyNote cutOff = Assert.Single(notes, n => !n.BusBlocked);
        Assert.Equal((pump, SafeCause.BusBlocked), (cutOff.Slot, cutOff.Cause));
        Assert.Null(pump.Lease);

        for (int i = 0; i < 5; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(201));
            safety.Tick();
            // The manual clock must not outrun the healthy lane of the pump.
            Assert.True(SpinWait.SpinUntil(() => !IsPending(pump), Patience));
        }

        Output(valve).LetGo();
        SafetyNote freed = await NextNoteAsync(safety);
        Assert.Equal((valve, true, false), (freed.Slot, freed.Result.Confirmed, freed.BusBlocked));
        Assert.NotNull(valve.Latch);
    }

    [Fact]
    public async Task An_upstream_output_that_is_energised_again_while_the_bus_still_hangs_is_cut_off_again()
    {
        // Used to be cut off once per incident.
        OutputSlot pump = Slot("actuator:pump:P1", "gpio");
        OutputSlot valve = Slot("actuator:valve:V1", "i2c-1", upstream: pump.Id);
        SafetySupervisor safety = Start(pump, valve);
        Output(valve).Hang();
        Energise(valve, TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromSeconds(1));
        safety.Tick();
        Assert.True(Output(valve).Entered.Wait(Patience, Ct));
        _time.Advance(TimeSpan.FromMilliseconds(201));
        safety.Tick();
        Assert.True((await NextNoteAsync(safety)).BusBlocked);
        await safety.MakeSafeAsync(pump, SafeCause.Command).WaitAsync(Patience, Ct);
        await NextNoteAsync(safety);
        Energise(pump, TimeSpan.FromMinutes(5));

        _time.Advance(TimeSpan.FromMilliseconds(201));
        safety.Tick();

        Assert.Equal((pump, SafeCause.BusBlocked), ((await NextNoteAsync(safety)) is { } note ? (note.Slot, note.Cause) : default));
        Assert.Null(pump.Lease);
    }

    [Fact]
    public async Task A_second_post_of_a_write_that_was_carried_out_does_not_end_a_new_lease()
    {
        OutputSlot valve = Slot("actuator:valve:V1", "i2c-1");
        OutputSlot behind = Slot("actuator:valve:V2", "i2c-1");
        SafetySupervisor safety = Start(valve, behind);
        Output(valve).Hang();
        Energise(valve, TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromSeconds(1));
        safety.Tick();
        Assert.True(Output(valve).Entered.Wait(Patience, Ct));

        // The tick posts again while the first write hangs; then the first one is carried out and a new lease begins.
        _time.Advance(TimeSpan.FromMilliseconds(201));
        safety.Tick();
        Task<SafeResult> done = safety.MakeSafeAsync(valve, SafeCause.Operator);
        Output(valve).LetGo();
        await done.WaitAsync(Patience, Ct);
        Energise(valve, TimeSpan.FromMinutes(1));

        // The lane goes through its outputs in order: when the one behind is done, so is every post of above.
        await safety.MakeSafeAsync(behind, SafeCause.Operator).WaitAsync(Patience, Ct);

        Assert.NotNull(valve.Lease);
        Assert.Equal(1, Output(valve).SafeWrites);
    }

    [Fact]
    public async Task Outputs_of_one_bus_all_get_their_turn_even_if_one_driver_throws()
    {
        OutputSlot broken = Slot("actuator:valve:broken", "i2c-1");
        OutputSlot sound = Slot("actuator:valve:sound", "i2c-1");
        SafetySupervisor safety = Start(broken, sound);
        Output(broken).Throws = true;

        SafeResult first = await safety.MakeSafeAsync(broken, SafeCause.Operator).WaitAsync(Patience, Ct);
        SafeResult second = await safety.MakeSafeAsync(sound, SafeCause.Operator).WaitAsync(Patience, Ct);

        Assert.False(first.Confirmed);
        Assert.True(second.Confirmed);
    }

    [Fact]
    public void A_stop_drops_no_safe_write_that_was_posted_before_it()
    {
        for (int round = 0; round < 100; round++)
        {
            OutputSlot[] slots = [Slot($"actuator:valve:{round}a", "bus"), Slot($"actuator:valve:{round}b", "bus")];
            var safety = new SafetySupervisor(slots, NoInterlocks(), _time, (bus, busSlots, carryOut) => new ThreadLane(bus, busSlots, carryOut, () => { }));
            foreach (OutputSlot slot in slots) Energise(slot, TimeSpan.FromMinutes(1));

            _ = safety.MakeSafeAsync(slots[1], SafeCause.Stop);
            _ = safety.MakeSafeAsync(slots[0], SafeCause.Stop);
            safety.Dispose();

            Assert.All(slots, slot => Assert.Null(slot.Lease));
        }
    }

    [Fact]
    public void A_tick_over_energised_outputs_allocates_nothing_while_all_is_well()
    {
        OutputSlot[] slots = [Slot("actuator:valve:V1", "a", group: "g"), Slot("actuator:valve:V2", "b", group: "g")];
        SafetySupervisor safety = Start(slots);
        Energise(slots[0], TimeSpan.FromMinutes(5));
        safety.Tick();
        long before = GC.GetAllocatedBytesForCurrentThread();

        for (int i = 0; i < 1000; i++) safety.Tick();

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public async Task Two_outputs_of_a_group_that_are_found_energised_together_are_both_made_safe()
    {
        OutputSlot[] slots = [Slot("actuator:valve:V1", "a", group: "g"), Slot("actuator:valve:V2", "b", group: "g")];
        SafetySupervisor safety = Start(slots);
        foreach (OutputSlot slot in slots) Energise(slot, TimeSpan.FromMinutes(5));

        safety.Tick();

        SafetyNote[] notes = [await NextNoteAsync(safety), await NextNoteAsync(safety)];
        Assert.All(notes, n => Assert.Equal(SafeCause.Interlock, n.Cause));
        Assert.All(slots, slot => Assert.Null(slot.Lease));
    }

    [Fact]
    public async Task A_lease_that_outlives_maxOn_is_ended_by_the_second_pair_of_eyes()
    {
        OutputSlot valve = Slot("actuator:valve:V1", "a");
        SafetySupervisor safety = Start(valve);
        Energise(valve, TimeSpan.FromDays(1));

        _time.Advance(valve.Policy.MaxOn);
        safety.Tick();

        Assert.Equal(SafeCause.Limit, (await NextNoteAsync(safety)).Cause);
        Assert.Null(valve.Lease);
    }

    // Five coils that end together used to be a blocked bus: the fifth waits for four pulses.
    [Fact]
    public void What_the_writes_of_a_lane_take_by_design_is_no_blocked_bus()
    {
        OutputSlot valve = Slot("actuator:valve:V1", "gpio");
        OutputSlot slow = Slot("actuator:valve:V2", "gpio");
        Output(slow).SafeWriteTakes = TimeSpan.FromMilliseconds(300);
        SafetySupervisor safety = Start(valve, slow);
        Output(valve).Hang();
        Energise(valve, TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromSeconds(1));
        safety.Tick();

        _time.Advance(TimeSpan.FromMilliseconds(499));
        safety.Tick();
        Latch? before = valve.Latch;
        _time.Advance(TimeSpan.FromMilliseconds(2));
        safety.Tick();

        Assert.Null(before);
        Assert.Equal("bus_io", valve.Latch?.Cause);
    }

    // Each failed attempt used to begin the time anew, so a caller that repeated itself kept the pump on.
    [Fact]
    public async Task Asking_for_safety_again_and_again_does_not_put_off_the_cut_off()
    {
        OutputSlot pump = Slot("actuator:pump:P1", "gpio");
        OutputSlot valve = Slot("actuator:valve:V1", "i2c-1", upstream: pump.Id);
        SafetySupervisor safety = Start(pump, valve);
        Output(valve).Fails = true;
        Energise(pump, TimeSpan.FromMinutes(5));

        for (int i = 0; i < 5; i++)
        {
            await safety.MakeSafeAsync(valve, SafeCause.Command).WaitAsync(Patience, Ct);
            _time.Advance(TimeSpan.FromMilliseconds(50));
            safety.Tick();
        }

        Assert.True(SpinWait.SpinUntil(() => Output(pump).SafeWrites > 0, Patience));
    }

    [Fact]
    public async Task A_look_at_the_state_waits_for_its_lane_and_for_no_other()
    {
        OutputSlot stuck = Slot("actuator:valve:stuck", "i2c-1");
        OutputSlot free = Slot("actuator:valve:free", "i2c-2");
        SafetySupervisor safety = Start(stuck, free);
        Output(stuck).Hang();
        _ = safety.MakeSafeAsync(stuck, SafeCause.Operator);
        Assert.True(Output(stuck).Entered.Wait(Patience, Ct));

        Task<OutputValue?> held = safety.LookAsync(stuck);
        OutputValue? seen = await safety.LookAsync(free).WaitAsync(Patience, Ct);

        Assert.Equal(OutputValue.Inactive, seen);
        Assert.False(held.IsCompleted);
        Output(stuck).LetGo();
        Assert.Equal(OutputValue.Inactive, await held.WaitAsync(Patience, Ct));
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static bool IsPending(OutputSlot slot)
    {
        lock (slot.Sync) return slot.SafePending;
    }

    private static HangingOutput Output(OutputSlot slot) => (HangingOutput)slot.Actuator;

    private static async Task<SafetyNote> NextNoteAsync(SafetySupervisor safety)
    {
        ChannelReader<SafetyNote> notes = safety.Notes;
        return await notes.ReadAsync(Ct).AsTask().WaitAsync(Patience, Ct);
    }

    private InterlockCheck NoInterlocks() => new(new TestReadings(_time), _time, outputsAreReal: true);

    private OutputSlot Slot(string id, string bus, ActuatorId? upstream = null, string? group = null)
    {
        var output = new HangingOutput(new ActuatorId(id), bus);
        _outputs.Add(output);
        return new OutputSlot(output, PermitDesk.OpenPolicy(output.Id) with { Upstream = upstream, ExclusiveGroup = group }, _time);
    }

    private SafetySupervisor Start(params OutputSlot[] slots)
    {
        var safety = new SafetySupervisor(slots, NoInterlocks(), _time, (bus, busSlots, carryOut) => new ThreadLane(bus, busSlots, carryOut, () => { }));
        _supervisors.Add(safety);
        return safety;
    }

    private void Energise(OutputSlot slot, TimeSpan lease)
    {
        lock (slot.Sync)
        {
            long now = _time.GetTimestamp();
            slot.Book.Started(now);
            slot.Lease = new Lease("cmd-1", new PermitId("pm-1"), OutputValue.Active, lease, now + (long)(lease.TotalSeconds * _time.TimestampFrequency));
        }
    }

    /// <summary>An output whose safe write hangs until it is let go.</summary>
    private sealed class HangingOutput(ActuatorId id, string bus) : IActuator
    {
        private readonly ManualResetEventSlim _go = new(true);
        private int _safeWrites;

        public ManualResetEventSlim Entered { get; } = new(false);

        public bool Throws { get; set; }

        /// <summary>The safe write comes back unconfirmed.</summary>
        public bool Fails { get; set; }

        public TimeSpan SafeWriteTakes { get; set; }

        public int SafeWrites => Volatile.Read(ref _safeWrites);

        public ActuatorId Id => id;

        public OutputValue SafeValue => OutputValue.Inactive;

        public string Bus => bus;

        public SensorId? EffectSensor => null;

        public void Hang() => _go.Reset();

        public void LetGo() => _go.Set();

        public OutputValue? ReadBack() => OutputValue.Inactive;

        public SafeResult MakeSafe(SafeCause cause)
        {
            Entered.Set();
            if (Throws) throw new InvalidOperationException("a bug in a driver");
            _go.Wait(Patience);
            Interlocked.Increment(ref _safeWrites);
            return new SafeResult(WasEnergised: false, Confirmed: !Fails, Fails ? "nobody answers" : "");
        }

        public Task<DriveResult> ApplyAsync(Permit permit, OutputValue value, CancellationToken leaseEnded) => throw new NotSupportedException();

        public Task<DriveResult> ConfirmSafeAsync(double? valueBefore, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
