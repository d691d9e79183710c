namespace ClawMesh.Edge.Trust.Safety;

/// <summary>
/// Carries out the safe writes of one bus, so that a blocked bus delays no other and never the tick. Posting never blocks
/// and never allocates.
/// </summary>
internal interface ISafetyLane : IDisposable
{
    /// <summary>Asks for what the slot is owed to be carried out soon: its safe write first, then a look at its state.</summary>
    void Post(OutputSlot slot);
}

/// <summary>Carries the write out in the poster's thread. For tests with a manual clock.</summary>
internal sealed class InlineLane(Action<OutputSlot> carryOut) : ISafetyLane
{
    public void Post(OutputSlot slot) => carryOut(slot);

    public void Dispose()
    {
    }
}

/// <summary>One thread per bus. A thread, not a pool task: a starved pool must not delay a safe write.</summary>
internal sealed class ThreadLane : ISafetyLane
{
    private readonly IReadOnlyList<OutputSlot> _slots;
    private readonly Action<OutputSlot> _carryOut;
    private readonly AutoResetEvent _wake = new(false);
    private readonly Thread _thread;
    private volatile bool _stopping;

    public ThreadLane(string bus, IReadOnlyList<OutputSlot> slots, Action<OutputSlot> carryOut, Action onThreadStart)
    {
        _slots = slots;
        _carryOut = carryOut;
        _thread = new Thread(() =>
        {
            onThreadStart();
            Run();
        })
        {
            // A background thread: a driver stuck in the kernel must not keep a stopping process alive; ExecStopPost cleans up.
            IsBackground = true,
            Name = $"lane:{bus}",
        };
        _thread.Start();
    }

    public void Post(OutputSlot slot)
    {
        Volatile.Write(ref slot.LaneFlag, 1);
        _wake.Set();
    }

    public void Dispose()
    {
        _stopping = true;
        _wake.Set();
        // What a write takes by design must not be cut off: a coil's pulse would stay on.
        TimeSpan byDesign = TimeSpan.Zero;
        foreach (OutputSlot slot in _slots) byDesign += slot.Actuator.SafeWriteTakes;
        if (_thread.Join(TimeSpan.FromSeconds(1) + byDesign)) _wake.Dispose();
    }

    private void Run()
    {
        while (!_stopping)
        {
            _wake.WaitOne();
            CarryOutPosted();
        }

        // Posted while the last round was on its way: a stop drops no safe write.
        CarryOutPosted();
    }

    private void CarryOutPosted()
    {
        foreach (OutputSlot slot in _slots)
        {
            if (Interlocked.Exchange(ref slot.LaneFlag, 0) == 1) _carryOut(slot);
        }
    }
}
