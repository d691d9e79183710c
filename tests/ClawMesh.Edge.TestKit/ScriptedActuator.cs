using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Trust;

namespace ClawMesh.Edge.TestKit;

/// <summary>An output in memory that redeems permits as a driver must, and fails as a test tells it to.</summary>
public sealed class ScriptedActuator(ActuatorId id, OutputValue safe, TimeProvider time, string bus = "test") : IActuator
{
    public static readonly SensorId FlowSensor = new("sensor:flow:test");

    private readonly Lock _lock = new();
    private OutputValue? _written;

    public ActuatorId Id => id;

    public OutputValue SafeValue => safe;

    public string Bus => bus;

    public SensorId? EffectSensor => FlowSensor;

    /// <summary>Why it must not be energised, as a driver would know it.</summary>
    public Refusal? ArmingObstacle { get; set; }

    /// <summary>Every value written, in order; safe writes included.</summary>
    public List<OutputValue> Writes { get; } = [];

    public List<SafeCause> SafeCauses { get; } = [];

    /// <summary>What <see cref="ApplyAsync"/> reports after its write; a confirmed effect unless told otherwise.</summary>
    public Func<CancellationToken, Task<DriveResult>>? Effect { get; set; }

    /// <summary>Thrown by the write.</summary>
    public EdgeException? WriteFault { get; set; }

    /// <summary>Called between the desk's decision and the redemption.</summary>
    public Action? BeforeRedeem { get; set; }

    /// <summary>False: the safe write lands but cannot be confirmed.</summary>
    public bool SafeConfirms { get; set; } = true;

    public OutputValue? ReadBack()
    {
        lock (_lock) return _written ?? safe;
    }

    public SafeResult MakeSafe(SafeCause cause)
    {
        lock (_lock)
        {
            bool was = _written is { } state && state != safe;
            _written = safe;
            Writes.Add(safe);
            SafeCauses.Add(cause);
            return new SafeResult(was, SafeConfirms, SafeConfirms ? "" : "the test says so");
        }
    }

    public async Task<DriveResult> ApplyAsync(Permit permit, OutputValue value, CancellationToken leaseEnded)
    {
        BeforeRedeem?.Invoke();
        lock (_lock)
        {
            if (permit.Redeem(id, value) is { } refusal) return DriveResult.Refused(refusal);
            if (WriteFault is not null) throw WriteFault;
            _written = value;
            Writes.Add(value);
        }

        return Effect is null ? Confirmed(value) : await Effect(leaseEnded);
    }

    public Task<DriveResult> ConfirmSafeAsync(double? valueBefore, CancellationToken cancellationToken) => Task.FromResult(Confirmed(safe));

    private DriveResult Confirmed(OutputValue state) =>
        DriveResult.Confirmed(new ObservedEffect(state, 8, "l/min", time.GetUtcNow(), FlowSensor));
}
