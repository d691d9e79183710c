namespace ClawMesh.Edge.Core.Time;

/// <summary>What the wall clock rests on ([X-37]), best first.</summary>
public enum ClockClass
{
    /// <summary>The kernel says it is disciplined by NTP or PTP.</summary>
    Synchronised,

    /// <summary>A battery-backed clock within 24 h of the persisted time floor.</summary>
    Rtc,

    /// <summary>The median of at least two Edge peers.</summary>
    Peers,

    /// <summary>An audited operator <c>clock set</c>.</summary>
    Operator,

    /// <summary>No accepted source since boot.</summary>
    Unsynchronised,
}

/// <summary>Whether this node's wall clock may be believed. Durations never depend on it.</summary>
public interface IClockStatus
{
    ClockClass Class { get; }

    /// <summary>True when the clock reads more than 5 s earlier than the newest journal record ([X-47]).</summary>
    bool IsBehindJournal { get; }
}

public static class ClockClassWords
{
    public static string Word(this ClockClass clockClass) => clockClass switch
    {
        ClockClass.Synchronised => "synchronised",
        ClockClass.Rtc => "rtc",
        ClockClass.Peers => "peers",
        ClockClass.Operator => "operator",
        ClockClass.Unsynchronised => "unsynchronised",
        _ => throw new ArgumentOutOfRangeException(nameof(clockClass), clockClass, "not a clock class"),
    };
}
