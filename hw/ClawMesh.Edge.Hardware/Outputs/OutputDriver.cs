using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Trust;

namespace ClawMesh.Edge.Hardware.Outputs;

/// <summary>
/// What every output has in common: the permit, the lock, the read-back and the look at the effect. A driver adds how its part is
/// written and read. Thread-safe.
/// </summary>
/// <remarks>
/// One lock per output covers redeem + write and every safe write, so that a safe write lands after a write it overtakes. A safe
/// write that comes while a permit is still on its way to the lock is remembered by <see cref="_safeCalls"/>; that permit is then
/// spent without a write. Together: once <see cref="MakeSafe"/> was called, no application that began before can energise.
/// </remarks>
public abstract class OutputDriver(ActuatorId id, OutputValue safeValue, string bus, EffectWatch? effect) : IActuator
{
    private static readonly DriveResult NothingDeclared = DriveResult.Unconfirmed("no independent measurement is declared");

    private readonly Lock _lock = new();
    private long _safeCalls;
    private long _safeServed;

    public ActuatorId Id { get; } = id;

    public OutputValue SafeValue { get; } = safeValue;

    public string Bus { get; } = bus;

    public SensorId? EffectSensor => effect?.Sensor;

    /// <inheritdoc/>
    public Refusal? ArmingObstacle => ArmingCheck?.Invoke();

    /// <summary>Set once, when the output is opened; null when there is nothing to ask.</summary>
    internal Func<Refusal?>? ArmingCheck { get; set; }

    /// <summary>
    /// Writes to the part. Called under the output's lock; may block as long as its bus does, and must not wait for another output.
    /// </summary>
    /// <exception cref="EdgeException">The write failed.</exception>
    protected abstract void Write(OutputValue value);

    /// <summary>Reads the state back from the part, from any thread, also beside a write. Null or an exception when it cannot be read.</summary>
    protected abstract OutputValue? ReadState();

    /// <inheritdoc/>
    public virtual TimeSpan SafeWriteTakes => TimeSpan.Zero;

    /// <summary>A safe write waits for the output: a driver that only waits to see its write followed lets it go first.</summary>
    protected bool SafeIsWaiting => Interlocked.Read(ref _safeCalls) != Interlocked.Read(ref _safeServed);

    /// <summary>Whether a read-back agrees with what was written. Drivers that quantise (a PWM period in steps) widen it.</summary>
    protected virtual bool Agrees(OutputValue written, OutputValue seen) => written == seen;

    public OutputValue? ReadBack()
    {
        try
        {
            return ReadState();
        }
        catch (Exception)
        {
            // Whatever keeps the state from being read, the answer of the port is the same: unknown.
            return null;
        }
    }

    /// <inheritdoc/>
    /// <remarks>Blocks the calling thread while the bus blocks the write; the caller picks the thread.</remarks>
    public async Task<DriveResult> ApplyAsync(Permit permit, OutputValue value, CancellationToken leaseEnded)
    {
        long safeCallsAtStart = Interlocked.Read(ref _safeCalls);
        double baseline = effect is null ? double.NaN : await effect.MeasureBaselineAsync(leaseEnded);

        OutputValue? before;
        lock (_lock)
        {
            // Before the permit is looked at: this read may hang with its bus, and a permit that grew old meanwhile must not be good.
            before = ReadBack();

            // Spent even when it comes too late, so that nobody can try again with it.
            if (permit.Redeem(Id, value) is { } refusal) return DriveResult.Refused(refusal);
            if (WhyTooLate(permit, safeCallsAtStart, leaseEnded) is { } tooLate) return DriveResult.Refused(tooLate);

            WriteOrFault(value);
            RequireAgreement(value);
        }

        return effect is null
            ? NothingDeclared
            : await effect.WaitAsync(before, value, baseline, leaseEnded);
    }

    public Task<DriveResult> ConfirmSafeAsync(double? valueBefore, CancellationToken cancellationToken) => effect is null
        ? Task.FromResult(NothingDeclared)
        : effect.WaitForSafeAsync(SafeValue, valueBefore, cancellationToken);

    public SafeResult MakeSafe(SafeCause cause)
    {
        // Before the lock: an application that waits for it must learn that it was overtaken.
        Interlocked.Increment(ref _safeCalls);
        lock (_lock)
        {
            Interlocked.Increment(ref _safeServed);
            OutputValue? before = ReadBack();
            string failure = "";
            try
            {
                Write(SafeValue);
            }
            catch (Exception e)
            {
                // The port promises not to throw: the safety tick has other outputs to see to.
                failure = $"the safe write failed: {e.Message}";
            }

            OutputValue? after = ReadBack();
            bool confirmed = failure.Length == 0 && after is { } seen && Agrees(SafeValue, seen);
            bool wasEnergised = before is not { } was || !Agrees(SafeValue, was);
            return new SafeResult(wasEnergised, confirmed, confirmed ? "" : Detail(failure, after));
        }
    }

    private string Detail(string failure, OutputValue? after) => (failure, after) switch
    {
        ({ Length: > 0 }, _) => failure,
        (_, null) => "the state cannot be read back",
        (_, { } seen) => $"the read-back is {seen}; the safe value is {SafeValue}",
    };

    private Refusal? WhyTooLate(Permit permit, long safeCallsAtStart, CancellationToken leaseEnded)
    {
        if (Interlocked.Read(ref _safeCalls) != safeCallsAtStart)
            return new Refusal("permit.overtaken", $"'{Id}' was sent to its safe value while permit {permit.Grant.Id} was on its way.");
        if (leaseEnded.IsCancellationRequested)
            return new Refusal("permit.lease_ended", $"The lease of permit {permit.Grant.Id} ended before '{Id}' was written.");
        return null;
    }

    private void WriteOrFault(OutputValue value)
    {
        try
        {
            Write(value);
        }
        catch (Exception e) when (e is not EdgeException)
        {
            throw new EdgeException(
                "output.write_failed",
                $"Could not set '{Id}' to {value}.",
                $"Its driver on bus '{Bus}' answered: {e.Message}",
                "Run `clawmesh-edge diag io`; the output was sent to its safe value.",
                FailureClass.BusIo,
                e);
        }
    }

    private void RequireAgreement(OutputValue written)
    {
        // Unreadable is not a contradiction: the effect may still confirm, and without one nothing is ever done.
        if (ReadBack() is not { } seen || Agrees(written, seen)) return;
        throw new EdgeException(
            "output.readback_contradicts",
            $"'{Id}' was set to {written} but reads back {seen}.",
            $"The read-back must be {written}; another driver holds the output on bus '{Bus}', or the part is broken.",
            $"Check the part, then `clawmesh-edge release {Id}`; the output was sent to its safe value.",
            FailureClass.BusIo);
    }
}
