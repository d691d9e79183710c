using System.Runtime.CompilerServices;
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

    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan ReprobeLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan BlockedPace = TimeSpan.FromSeconds(15);

    private int _misses;
    private bool _outOfRange;
    private double _lastValue = double.NaN;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var pause = new SamplingPause(time, cancellationToken);
        using var deadline = new ReadDeadline(time, cancellationToken);
        if (sensor is IEdgeSensor edges) edges.Changed = pause.Wake;
        subsystem.Become(DriverState.Validated);
        subsystem.Become(DriverState.Probing);
        // Whoever starts the loops waits for none of them.
        await Task.Yield();
        while (!cancellationToken.IsCancellationRequested)
        {
            long began = time.GetTimestamp();
            EdgeException? fault = await SampleAsync(deadline, sensor.ReadLimit, cancellationToken);
            if (fault is null) Answered();
            else if (!cancellationToken.IsCancellationRequested) await MissedAsync(fault, deadline, cancellationToken);

            // From beginning to beginning: a slow read does not stretch the period.
            TimeSpan period = subsystem.State == DriverState.Blocked ? BlockedPace : sensor.Info.Interval;
            TimeSpan left = period - time.GetElapsedTime(began);
            await pause.WaitAsync(left > ShortestPause ? left : ShortestPause);
        }
    }

    // In the steady state nothing is allocated here: the state machines are pooled, the reading is a value, the deadline is reused.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<EdgeException?> SampleAsync(ReadDeadline deadline, TimeSpan limit, CancellationToken stopping)
    {
        CancellationToken token = deadline.Start(limit);
        try
        {
            ValueTask<Reading> read = sensor.ReadAsync(token);
            // A driver that ignores its token must not hold the loop.
            Reading reading = read.IsCompleted || sensor.LeavesOnCancel ? await read : await read.AsTask().WaitAsync(token);
            Take(reading);
            return null;
        }
        catch (EdgeException fault)
        {
            return fault;
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            return new EdgeException(
                "sensor.silent", $"Could not read '{sensor.Info.Id}'.", $"It gave no answer within {limit.TotalSeconds:0.#} s.",
                "Check its supply and wiring; `clawmesh-edge diag io` reads it once.", FailureClass.StaleData);
        }
        catch (OperationCanceledException)
        {
            return new EdgeException("sensor.stopped", "The read was stopped.", "The node stops.", "Nothing to do.");
        }
        catch (Exception bug)
        {
            // One bad driver never stops the others, and never the node.
            return new EdgeException(
                "sensor.driver_failed", $"Could not read '{sensor.Info.Id}'.", $"Its driver failed in a way it does not know: {bug.GetType().Name}: {bug.Message}",
                "Please report it with this message; restarting the node may help meanwhile.", FailureClass.Infra, bug);
        }
        finally
        {
            deadline.Stop();
        }
    }

    private void Take(Reading reading)
    {
        SensorInfo info = sensor.Info;
        if (info.MayBeOff && double.IsNaN(reading.Value))
        {
            // Nothing to tell and nothing wrong; whoever relies on it sees that there is no number.
            latest.Put(reading);
            _outOfRange = false;
            return;
        }

        bool plausible = double.IsFinite(reading.Value) && reading.Value >= info.ValidMin && reading.Value <= info.ValidMax;

        // What is out of range is shown, and believed by nobody: interlocks see "not a number".
        latest.Put(plausible ? reading : reading with { Value = double.NaN });
        // A contact that has changed is told as such, not at the next report.
        bool changed = sensor is IEdgeSensor && reading.Value != _lastValue && !double.IsNaN(_lastValue);
        _lastValue = reading.Value;
        frames.Offer(reading, info, changed, changed ? ((IEdgeSensor)sensor).LastEdgeTimestamp : 0);

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

    private async Task MissedAsync(EdgeException fault, ReadDeadline deadline, CancellationToken cancellationToken)
    {
        _misses++;
        // It may be another fault by now: a part that is plugged in again may be the wrong one.
        if (subsystem.State == DriverState.Blocked) subsystem.Become(DriverState.Blocked, fault);
        if (subsystem.State == DriverState.Blocked || _misses < MissesUntilDegraded) return;

        // From probing a sensor that never answered goes the same way as one that stopped answering.
        subsystem.Become(DriverState.Degraded, fault);
        events.Publish(new EdgeEvent(0, default, EventTypes.RecoveryAttempt, EventSeverity.Info, sensor.Info.Id.Value, $"{(sensor is IRecoverableSensor ? $"Opening bus '{sensor.Info.Bus}' anew and probing" : "Probing")} '{sensor.Info.Id}' again: {fault.Why}", fault.FailureClass));
        subsystem.Become(DriverState.Probing);
        if (sensor is IRecoverableSensor recoverable) recoverable.Recover();
        EdgeException? still = await SampleAsync(deadline, sensor.ReadLimit > ReprobeLimit ? sensor.ReadLimit : ReprobeLimit, cancellationToken);
        if (cancellationToken.IsCancellationRequested) return;
        events.Publish(new EdgeEvent(
            0, default, EventTypes.RecoveryResult, still is null ? EventSeverity.Info : EventSeverity.Warning, sensor.Info.Id.Value,
            still is null ? $"'{sensor.Info.Id}' answers again." : $"'{sensor.Info.Id}' still does not answer: {still.Why}", still?.FailureClass));
        if (still is null)
        {
            Answered();
            return;
        }

        subsystem.Become(DriverState.Blocked, still);
        events.Publish(new EdgeEvent(
            0, default, EventTypes.RecoveryEscalated, EventSeverity.Error, sensor.Info.Id.Value,
            $"'{sensor.Info.Id}' needs a person. {still.What} {still.Why} {still.Fix} It is asked again every {BlockedPace.TotalSeconds:0} s.", still.FailureClass));
    }
}
