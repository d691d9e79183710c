using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Frames;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Readings;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>
/// Samples one sensor at a steady pace until cancelled. A bad sample is an event, not an ending: after three in a row the sensor
/// is degraded and the re-probe recipe runs once; if that fails the sensor is blocked, said so, and asked again at a slower pace.
/// </summary>
internal sealed class SensorLoop(
    ISensor sensor, Subsystem subsystem, LatestReadings latest, FrameFlow frames, IEventSink events, TimeProvider time)
{
    /// <summary>Failed samples in a row before the sensor counts as degraded.</summary>
    private const int MissesUntilDegraded = 3;

    private static readonly TimeSpan ReadDeadline = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ReprobeDeadline = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan BlockedPace = TimeSpan.FromSeconds(15);

    private int _misses;
    private bool _outOfRange;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        subsystem.Become(DriverState.Validated);
        subsystem.Become(DriverState.Probing);
        while (!cancellationToken.IsCancellationRequested)
        {
            EdgeException? fault = await SampleAsync(ReadDeadline, cancellationToken);
            if (fault is null) Answered();
            else if (!cancellationToken.IsCancellationRequested) await MissedAsync(fault, cancellationToken);

            TimeSpan pause = subsystem.State == DriverState.Blocked ? BlockedPace : sensor.Info.Interval;
            try
            {
                await Task.Delay(pause, time, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task<EdgeException?> SampleAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(limit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            // WaitAsync as well as the token: a driver that ignores its token must not hold the loop.
            Reading reading = await sensor.ReadAsync(both.Token).AsTask().WaitAsync(both.Token);
            Take(reading);
            return null;
        }
        catch (EdgeException fault)
        {
            return fault;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new EdgeException(
                "sensor.silent", $"Could not read '{sensor.Info.Id}'.", $"It gave no answer within {limit.TotalSeconds:0.#} s.",
                "Check its supply and wiring; `clawmesh-edge diag io` reads it once.", FailureClass.StaleData);
        }
        catch (OperationCanceledException)
        {
            return new EdgeException("sensor.stopped", "The read was stopped.", "The node stops.", "Nothing to do.");
        }
    }

    private void Take(Reading reading)
    {
        SensorInfo info = sensor.Info;
        bool plausible = double.IsFinite(reading.Value) && reading.Value >= info.ValidMin && reading.Value <= info.ValidMax;

        // What is out of range is shown, and believed by nobody: interlocks see "not a number".
        latest.Put(plausible ? reading : reading with { Value = double.NaN });
        frames.Offer(reading, info);

        if (!plausible && !_outOfRange)
        {
            events.Publish(new EdgeEvent(
                0, default, EventTypes.ThresholdBreach, EventSeverity.Warning, info.Id.Value,
                $"'{info.Id}' reads {reading.Value} {info.Quantity.Unit}; plausible is {info.ValidMin} to {info.ValidMax}.", FailureClass.OutOfRange));
        }

        _outOfRange = !plausible;
    }

    private void Answered()
    {
        _misses = 0;
        if (subsystem.State == DriverState.Active) return;
        if (subsystem.State == DriverState.Probing) subsystem.Become(DriverState.Ready);
        subsystem.Become(DriverState.Active);
    }

    private async Task MissedAsync(EdgeException fault, CancellationToken cancellationToken)
    {
        _misses++;
        if (subsystem.State == DriverState.Blocked || _misses < MissesUntilDegraded) return;

        // From probing a sensor that never answered goes the same way as one that stopped answering.
        subsystem.Become(DriverState.Degraded, fault.Why, fault.FailureClass);
        events.Publish(new EdgeEvent(0, default, EventTypes.RecoveryAttempt, EventSeverity.Info, sensor.Info.Id.Value, $"Probing '{sensor.Info.Id}' again: {fault.Why}", fault.FailureClass));
        subsystem.Become(DriverState.Probing);
        EdgeException? still = await SampleAsync(ReprobeDeadline, cancellationToken);
        if (cancellationToken.IsCancellationRequested) return;
        events.Publish(new EdgeEvent(
            0, default, EventTypes.RecoveryResult, still is null ? EventSeverity.Info : EventSeverity.Warning, sensor.Info.Id.Value,
            still is null ? $"'{sensor.Info.Id}' answers again." : $"'{sensor.Info.Id}' still does not answer: {still.Why}", still?.FailureClass));
        if (still is null)
        {
            Answered();
            return;
        }

        subsystem.Become(DriverState.Blocked, still.Why, still.FailureClass);
        events.Publish(new EdgeEvent(
            0, default, EventTypes.RecoveryEscalated, EventSeverity.Error, sensor.Info.Id.Value,
            $"'{sensor.Info.Id}' needs a person. {still.What} {still.Why} {still.Fix} It is asked again every {BlockedPace.TotalSeconds:0} s.", still.FailureClass));
    }
}
