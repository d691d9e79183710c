namespace ClawMesh.Edge.Trust.Safety;

/// <summary>What one output was told and owes at a safety tick. Its bus was not asked.</summary>
/// <param name="commanded">0 to 1, the permitted value while a lease runs, otherwise the declared safe value.</param>
/// <param name="leaseEnd">As <see cref="TimeProvider.GetTimestamp"/> counts; 0 without a lease.</param>
public readonly struct OutputGlance(bool energised, bool safePending, bool latched, bool busBlocked, double commanded, long leaseEnd)
{
    public bool Energised { get; } = energised;

    public bool SafePending { get; } = safePending;

    public bool Latched { get; } = latched;

    /// <summary>A safe write is owed for so long that its bus counts as blocked.</summary>
    public bool BusBlocked { get; } = busBlocked;

    public double Commanded { get; } = commanded;

    public long LeaseEnd { get; } = leaseEnd;
}

/// <summary>Watches the outputs. Called after each safety tick, on its thread: must not block, allocate or throw.</summary>
public interface ISafetyTap
{
    /// <param name="timestamp">Of the monotonic clock.</param>
    /// <param name="outputs">In the order the desk was given them; overwritten at the next tick.</param>
    void Ticked(long timestamp, ReadOnlySpan<OutputGlance> outputs);
}

/// <summary>Copies what the slots hold for a tap. Allocates nothing; holds each slot's lock for the copy alone.</summary>
internal sealed class SafetyGlance(IReadOnlyList<OutputSlot> slots, ISafetyTap tap, TimeProvider time)
{
    private ISafetyTap? _tap = tap;
    private readonly OutputSlot[] _slots = [.. slots];
    private readonly OutputGlance[] _seen = new OutputGlance[slots.Count];

    /// <summary>After each tick, on its thread.</summary>
    public void AfterTick()
    {
        if (_tap is not { } listening) return;
        for (int i = 0; i < _slots.Length; i++)
        {
            OutputSlot slot = _slots[i];
            lock (slot.Sync)
            {
                _seen[i] = new OutputGlance(
                    slot.Lease is not null, slot.SafePending, slot.Latch is not null, slot.SafePending && slot.BlockReported,
                    (slot.Lease?.Value ?? slot.Policy.Safe).Ratio, slot.Lease?.EndTimestamp ?? 0);
            }
        }

        try
        {
            listening.Ticked(time.GetTimestamp(), _seen);
        }
        catch (Exception)
        {
            // It promises not to. Nothing that only looks may end the tick, and what failed once is not asked again at every tick.
            _tap = null;
        }
    }
}
