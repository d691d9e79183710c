using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Trust;

namespace ClawMesh.Edge.Tests.World.Season;

/// <summary>A valve or the pump of <see cref="FarmField"/>: moves on a permit alone, and waits for the effect its site declares.</summary>
internal sealed class FarmOutput(ActuatorBinding binding, int channel, FarmField field) : IActuator
{
    private OutputValue _state = binding.Policy.Safe;

    public ActuatorId Id => binding.Policy.Actuator;

    public OutputValue SafeValue => binding.Policy.Safe;

    public string Bus => "farm";

    public SensorId? EffectSensor => binding.Effect?.Sensor;

    public OutputValue? ReadBack() => _state;

    public SafeResult MakeSafe(SafeCause cause)
    {
        bool was = _state != SafeValue;
        _state = SafeValue;
        field.Drive(channel, SafeValue.Ratio, cause);
        return new SafeResult(was, Confirmed: true);
    }

    public Task<DriveResult> ApplyAsync(Permit permit, OutputValue value, CancellationToken leaseEnded)
    {
        EffectCheck effect = binding.Effect!;
        double before = field.Latest(effect.Sensor)!.Value.Value;
        if (permit.Redeem(Id, value) is { } refusal) return Task.FromResult(DriveResult.Refused(refusal));
        _state = value;
        field.Drive(channel, value.Ratio, null);
        for (int second = 0; second < effect.Within.TotalSeconds; second++)
        {
            field.Second();
            double seen = field.Latest(effect.Sensor)!.Value.Value;
            if (seen - before < (effect.Rises ?? double.NegativeInfinity) || seen < (effect.AtLeast ?? double.NegativeInfinity)) continue;
            return Task.FromResult(DriveResult.Confirmed(new ObservedEffect(value, seen, "l/min", field.Time.GetUtcNow(), effect.Sensor)));
        }

        return Task.FromResult(DriveResult.Unconfirmed($"{effect.Sensor} did not show it within {effect.Within.TotalSeconds} s"));
    }

    public Task<DriveResult> ConfirmSafeAsync(double? valueBefore, CancellationToken cancellationToken) =>
        Task.FromResult(DriveResult.Confirmed(new ObservedEffect(_state, 0, "l/min", field.Time.GetUtcNow(), binding.Effect!.Sensor)));
}
