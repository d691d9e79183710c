using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Readings;

namespace ClawMesh.Edge.Trust;

/// <summary>
/// An output that can be energised, by whoever holds a <see cref="Permit"/> for exactly that. Driving one without a permit is not
/// forbidden; it is a sentence the compiler does not understand.
/// </summary>
public interface IActuator : IOutput
{
    /// <summary>
    /// Redeems the permit, writes, reads back, and waits for the effect the site declares.
    /// Redemption and write are one step under the output's own lock, shared with <see cref="IOutput.MakeSafe"/>.
    /// <paramref name="leaseEnded"/> cuts the wait for the effect short; it never undoes the write.
    /// </summary>
    /// <exception cref="EdgeException">The write failed or the read-back contradicts it. The caller makes the output safe.</exception>
    Task<DriveResult> ApplyAsync(Permit permit, OutputValue value, CancellationToken leaseEnded);

    /// <summary>
    /// Why this output must not be energised now, as far as its driver knows: for example a pin whose pad is switched elsewhere. Null
    /// when it knows of nothing. Cheap, touches no bus and does not throw; asked for every energising command. Going safe never asks.
    /// </summary>
    Refusal? ArmingObstacle => null;

    /// <summary>The sensor whose measurement shows this output's effect; null when the site declares none.</summary>
    SensorId? EffectSensor { get; }

    /// <summary>
    /// After a safe write: waits for the independent measurement to show that the effect is gone. Confirmed when the value fell by the
    /// declared rise from <paramref name="valueBefore"/>, or lies below what an energised output would show. Writes nothing.
    /// </summary>
    /// <param name="valueBefore">The measurement before the write, in the sensor's unit; null when unknown or when the output was safe already.</param>
    Task<DriveResult> ConfirmSafeAsync(double? valueBefore, CancellationToken cancellationToken);
}

/// <summary>What the driver did and saw.</summary>
/// <param name="Refusal">The permit was not good; nothing was driven.</param>
/// <param name="Observed">A measurement independent of the drive signal; null when the site declares none or none came in time.</param>
/// <param name="Detail">Why there is no confirmation.</param>
public sealed record DriveResult(Refusal? Refusal, ObservedEffect? Observed, string Detail)
{
    public static DriveResult Refused(Refusal refusal) => new(refusal, null, refusal.Why);

    public static DriveResult Confirmed(ObservedEffect observed) => new(null, observed, "");

    public static DriveResult Unconfirmed(string detail) => new(null, null, detail);
}
