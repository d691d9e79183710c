using System.Globalization;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Trust;

namespace ClawMesh.Edge.Hardware.Outputs;

/// <summary>Waits until a declared effect can be measured. Owns no state; one watch serves all actuations of its output.</summary>
public sealed class EffectWatch(EffectCheck check, IEffectProbe probe, TimeProvider time)
{
    /// <summary>Pause between two measurements.</summary>
    public static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// Longest wait for the value before the write. A silent sensor must cost the confirmation, not the actuation,
    /// and the permit that waits meanwhile lives five seconds only.
    /// </summary>
    public static readonly TimeSpan BaselineWait = TimeSpan.FromMilliseconds(500);

    // Task.Delay counts whole milliseconds; less would not pause at all.
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(1);

    public SensorId Sensor => probe.Sensor;

    /// <summary>The value before the write, in the probe's unit; NaN when there was none in time.</summary>
    public async Task<double> MeasureBaselineAsync(CancellationToken leaseEnded)
    {
        using var deadline = new CancellationTokenSource(BaselineWait, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, leaseEnded);
        try
        {
            return await probe.MeasureAsync(either.Token);
        }
        catch (OperationCanceledException)
        {
            return double.NaN;
        }
    }

    /// <summary>After a write with a permit: measures until the effect of <paramref name="written"/> shows, its time has passed, or the lease ended.</summary>
    /// <param name="before">The output's state before the write; null when it could not be read.</param>
    /// <param name="baseline">From <see cref="MeasureBaselineAsync"/>.</param>
    public Task<DriveResult> WaitAsync(OutputValue? before, OutputValue written, double baseline, CancellationToken leaseEnded)
    {
        // Where rest is the energised state, as for a normally open valve, the effect of energising is that the value falls.
        EffectGoal goal = written == OutputValue.Inactive
            ? EffectGoal.Gone(check, before == written ? double.NaN : baseline)
            : EffectGoal.Shown(check, baseline, isExtension: before == written);
        return WaitForAsync(goal, written, leaseEnded);
    }

    /// <summary>After a safe write: measures until the value is what the safe state shows.</summary>
    /// <param name="valueBefore">The value before the safe write; null when unknown or when the output was safe already.</param>
    public Task<DriveResult> WaitForSafeAsync(OutputValue safe, double? valueBefore, CancellationToken cancellationToken)
    {
        EffectGoal goal = safe == OutputValue.Inactive
            ? EffectGoal.Gone(check, valueBefore ?? double.NaN)
            : EffectGoal.Shown(check, valueBefore ?? double.NaN, isExtension: valueBefore is null);
        return WaitForAsync(goal, safe, cancellationToken);
    }

    private async Task<DriveResult> WaitForAsync(EffectGoal goal, OutputValue state, CancellationToken cutShort)
    {
        double last = double.NaN;
        long start = time.GetTimestamp();
        using var deadline = new CancellationTokenSource(check.Within, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cutShort);
        try
        {
            while (true)
            {
                last = await probe.MeasureAsync(either.Token);
                if (goal.IsReachedBy(last))
                    return DriveResult.Confirmed(new ObservedEffect(state, last, probe.Unit, time.GetUtcNow(), probe.Sensor));

                // The pause ends by the clock; the deadline's token is there for a probe that does not answer.
                TimeSpan left = check.Within - time.GetElapsedTime(start);
                if (left < ShortestPause) break;
                await Task.Delay(left < PollInterval ? left : PollInterval, time, cutShort);
            }
        }
        catch (OperationCanceledException)
        {
            // Told below.
        }

        string until = cutShort.IsCancellationRequested ? "until the wait was cut short" : $"within {DurationText.Format(check.Within)}";
        string seen = double.IsNaN(last) ? "no plausible value" : string.Create(CultureInfo.InvariantCulture, $"{last:0.##} {probe.Unit}");
        return DriveResult.Unconfirmed($"'{probe.Sensor}' showed {seen} {until}; the site asks for {goal.Describe(probe.Unit)}");
    }
}
