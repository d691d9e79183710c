using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;

namespace ClawMesh.Edge.Trust.Limits;

/// <summary>What the limits leave of a wish: a lease, possibly shorter than asked for, or a refusal.</summary>
internal readonly record struct LimitVerdict(Refusal? Refusal, TimeSpan Lease, bool Capped);

/// <summary>The physical limits of one output ([W-101]); they hold against every caller. Pure.</summary>
internal static class LimitCheck
{
    // Less than this is not an actuation, it is a click; refuse instead of granting it.
    public static readonly TimeSpan ShortestUsefulLease = TimeSpan.FromMilliseconds(100);

    public static LimitVerdict Evaluate(OutputPolicy policy, LimitBook book, TimeSpan? wanted, long now, TimeProvider time)
    {
        bool extension = book.EnergisedSince is not null;

        if (!extension && book.RestedFor(now) is { } rested && rested < policy.MinOff)
            return Refused($"it has rested for {Text(rested)}; minOff is {Text(policy.MinOff)}");

        int starts = book.StartsWithin(TimeSpan.FromMinutes(1), now);
        if (!extension && starts >= policy.RatePerMinute)
            return Refused($"it was started {starts} times within a minute; ratePerMinute is {policy.RatePerMinute}");

        TimeSpan asked = wanted ?? policy.DefaultOn ?? policy.MaxOn;
        TimeSpan lease = asked;

        TimeSpan onSoFar = extension ? time.GetElapsedTime(book.EnergisedSince!.Value, now) : TimeSpan.Zero;
        TimeSpan maxOnLeft = policy.MaxOn - onSoFar;
        if (maxOnLeft < ShortestUsefulLease)
            return Refused($"it has been on for {Text(onSoFar)} without a pause; maxOn is {Text(policy.MaxOn)}");
        if (lease > maxOnLeft) lease = maxOnLeft;

        if (policy.DutyPerHour is { } duty)
        {
            TimeSpan used = book.OnTimeInWindow(now);
            TimeSpan dutyLeft = duty - used;
            if (dutyLeft < ShortestUsefulLease)
                return Refused($"it was on for {Text(used)} within the last hour; dutyPerHour is {Text(duty)}");
            if (lease > dutyLeft) lease = dutyLeft;
        }

        return new LimitVerdict(null, lease, Capped: lease < asked);
    }

    private static LimitVerdict Refused(string why) => new(new Refusal(GateCodes.LimitExceeded, why), TimeSpan.Zero, false);

    private static string Text(TimeSpan span) => DurationText.Format(span);
}
