using System.Globalization;
using System.Text.Json;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Time;
using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.Mesh.Lifecycle;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>
/// What the wall clock rests on ([X-37]). Kernel and RTC are asked anew at most once a second; an operator's word counts until
/// the next boot of the machine. What the peers say is believed as far as it is their place: they never set the clock, only confirm or
/// contradict it, and only more than half of at least two.
/// </summary>
/// <param name="floor">Time of the newest journal record; null when there is none or the journal is not open yet.</param>
/// <param name="latest">The latest time the node has journaled; the newest record's when absent.</param>
/// <param name="peers">What the Edge peers say about the clock; null when there is no mesh.</param>
internal sealed class ClockKeeper(NodeClock clock, string clockFile, Func<DateTimeOffset?> floor, Func<PeerClockVote?>? peers = null, Func<DateTimeOffset?>? latest = null) : IClockStatus
{
    private static readonly TimeSpan BehindTolerance = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RtcTolerance = TimeSpan.FromHours(24);

    private readonly Lock _lock = new();
    private long _askedAt;
    private ClockFacts? _facts;
    private bool _liftedByFloor;
    private TimeSpan? _confirmedAhead;

    /// <summary>Asks the kernel; tests answer themselves.</summary>
    internal Func<KernelClockReading> Kernel { get; init; } = KernelClock.Read;

    /// <summary>Says whether the kernel took its time from the battery-backed clock.</summary>
    internal string HcToSys { get; init; } = "/sys/class/rtc/rtc0/hctosys";

    public ClockClass Class => Facts().Class;

    public bool IsBehindJournal => (latest ?? floor)() is { } newest && clock.GetUtcNow() < newest - BehindTolerance;

    public ClockFacts Facts()
    {
        lock (_lock)
        {
            if (_facts is null || clock.GetElapsedTime(_askedAt) > TimeSpan.FromSeconds(1))
            {
                _facts = Ask();
                _askedAt = clock.GetTimestamp();
            }

            return _facts with { Now = clock.GetUtcNow(), Offset = clock.Offset, Floor = floor() };
        }
    }

    /// <summary>Takes over an operator's offset of this boot, then the floor. Called once the journal is open.</summary>
    public void Start()
    {
        if (ReadOperator() is { } set && set.BootId == BootId()) clock.SetOffset(set.Offset);
        if (floor() is { } newest) _liftedByFloor = clock.RaiseTo(newest);
    }

    /// <summary>A typo in the century would become the floor of every later start.</summary>
    /// <exception cref="EdgeException">The time is not between 2024 and 2099.</exception>
    public static void CheckPlausible(DateTimeOffset now)
    {
        if (now.Year is >= 2024 and <= 2099) return;
        throw new EdgeException(
            GateCodes.InvalidParams, "Could not set the clock.", $"{now:O} is not a plausible time; it must lie between 2024 and 2099.",
            "Write it as 2026-11-21T06:30:00Z.", FailureClass.Config);
    }

    /// <summary>An operator says what time it is. The caller journals it first.</summary>
    public void Set(DateTimeOffset now, string by)
    {
        clock.SetOffset(now - clock.SystemNow);
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            writer.WriteStartObject();
            writer.WriteNumber("version", 1);
            writer.WriteString("bootId", BootId());
            writer.WriteNumber("offsetMs", clock.Offset.TotalMilliseconds);
            writer.WriteString("by", by);
            writer.WriteString("setAt", now.ToString("O", CultureInfo.InvariantCulture));
            writer.WriteEndObject();
        }

        AtomicFile.Write(clockFile, buffer.WrittenSpan, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        lock (_lock)
        {
            _facts = null;
            _liftedByFloor = false;
            _confirmedAhead = null;
        }
    }

    private ClockFacts Ask()
    {
        KernelClockReading kernel = Kernel();
        // An offset stands in for a source that was missing. Once the kernel is disciplined it would only be an error: NTP stepped the
        // system's clock, and the node would go on adding what it had lacked before.
        if (kernel.Disciplined && clock.Offset != TimeSpan.Zero)
        {
            clock.SetOffset(TimeSpan.Zero);
            _liftedByFloor = false;
        }

        (string Why, bool Ok) rtc = Rtc();
        OperatorSetting? set = ReadOperator();
        bool operatorNow = set is not null && set.BootId == BootId();
        PeerClockVote vote = peers?.Invoke() ?? PeerClockVote.None;
        string confirmed = ConfirmedByPeers(vote);
        (ClockClass clockClass, string source, string clears) =
            vote.Contradicts ? (ClockClass.Unsynchronised, Contradiction(vote), Way(kernel.Disciplined))
            : kernel.Disciplined ? (ClockClass.Synchronised, $"the kernel is disciplined, error at most {kernel.MaxErrorMs:0} ms", "")
            : rtc.Ok ? (ClockClass.Rtc, rtc.Why, "NTP would make it synchronised.")
            : confirmed.Length > 0 ? (ClockClass.Peers, confirmed, "NTP would make it synchronised.")
            : operatorNow ? (ClockClass.Operator, $"set by {set!.By}", "NTP would make it synchronised; it counts until the next boot.")
            : (ClockClass.Unsynchronised, $"the kernel clock is not disciplined; {rtc.Why}", "Run an NTP client (systemd-timesyncd, chrony), fit a battery-backed RTC, connect two Edge peers whose clocks agree with this one, or say the time with `clawmesh-edge clock set`.");
        return new ClockFacts(clockClass, source, clears, kernel.Disciplined, kernel.MaxErrorMs, clock.GetUtcNow(), clock.Offset, floor(), _liftedByFloor, vote);
    }

    // Accepted once, it is accepted since boot, peers or not. A step of the clock afterwards is none that the peers have seen.
    private string ConfirmedByPeers(PeerClockVote vote)
    {
        TimeSpan ahead = clock.GetUtcNow() - DateTimeOffset.UnixEpoch - clock.GetElapsedTime(0);
        if (vote.Confirms)
        {
            _confirmedAhead = ahead;
            return $"{vote.Agree} of {vote.Peers} Edge peers agree within {PeerClockVote.Tolerance.TotalSeconds:0} s";
        }

        if (!vote.Contradicts && _confirmedAhead is { } then && (ahead - then).Duration() <= PeerClockVote.Tolerance) return "Edge peers have agreed since the start";
        _confirmedAhead = null;
        return "";
    }

    private static string Contradiction(PeerClockVote vote) =>
        $"{Math.Max(vote.Ahead, vote.Behind)} of {vote.Peers} Edge peers contradict it: their clocks are {vote.Median!.Value.Duration().TotalSeconds:0} s {(vote.Ahead > vote.Behind ? "ahead of" : "behind")} this one";

    private static string Way(bool disciplined) => disciplined
        ? "NTP sets this clock: set the peers right, or see whether its time server is (`timedatectl timesync-status`, `chronyc tracking`)."
        : "Run an NTP client here, or say the time with `clawmesh-edge clock set`; if this clock is right, set the peers right (`clawmesh-edge peers -v`).";

    // A battery-backed clock counts when the kernel took its time from it and it is within 24 h of what the journal knows.
    private (string Why, bool Ok) Rtc()
    {
        if (!File.Exists(HcToSys) || File.ReadAllText(HcToSys).Trim() != "1") return ("no battery-backed clock set the time at boot", false);
        if (floor() is { } newest && (clock.SystemNow - newest).Duration() > RtcTolerance && clock.SystemNow < newest)
            return ($"the battery-backed clock is behind the newest journal record of {newest:u}", false);
        return ("rtc0 set the time at boot", true);
    }

    private OperatorSetting? ReadOperator()
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(clockFile));
            JsonElement root = document.RootElement;
            return new OperatorSetting(root.GetProperty("bootId").GetString()!, TimeSpan.FromMilliseconds(root.GetProperty("offsetMs").GetDouble()), root.GetProperty("by").GetString()!);
        }
        catch (Exception absent) when (absent is IOException or UnauthorizedAccessException or JsonException or KeyNotFoundException or InvalidOperationException or OverflowException or ArgumentException)
        {
            // No operator has spoken, or the file is damaged; either way the clock keeps its other sources.
            return null;
        }
    }

    private static string BootId()
    {
        const string File = "/proc/sys/kernel/random/boot_id";
        return System.IO.File.Exists(File) ? System.IO.File.ReadAllText(File).Trim() : "";
    }

    private sealed record OperatorSetting(string BootId, TimeSpan Offset, string By);
}

/// <param name="Clears">What would make the class better; empty when nothing is better.</param>
/// <param name="Floor">The newest time the node has journaled; it never starts below it.</param>
internal sealed record ClockFacts(
    ClockClass Class, string Source, string Clears, bool KernelDisciplined, double MaxErrorMs,
    DateTimeOffset Now, TimeSpan Offset, DateTimeOffset? Floor, bool LiftedByFloor, PeerClockVote? Peers = null)
{
    /// <summary>The members of <c>clock</c> in <c>status</c> and of <c>clock show</c> ([X-37]: state, cause, what would clear it).</summary>
    public void WriteMembers(Utf8JsonWriter w)
    {
        w.WriteString("class", Class.Word());
        w.WriteString("source", Source);
        w.WriteString("now", Iso(Now));
        w.WriteNumber("offsetMs", (long)Offset.TotalMilliseconds);
        if (double.IsFinite(MaxErrorMs)) w.WriteNumber("maxErrorMs", Math.Round(MaxErrorMs, 3));
        if (Floor is { } floor) w.WriteString("floor", Iso(floor));
        w.WriteBoolean("liftedByFloor", LiftedByFloor);
        w.WriteString("clears", Clears);
        if (Peers is not { Median: { } median } vote) return;
        w.WriteStartObject("peers");
        w.WriteNumber("known", vote.Peers);
        w.WriteNumber("agree", vote.Agree);
        w.WriteNumber("aheadMs", (long)median.TotalMilliseconds);
        w.WriteEndObject();
    }

    private static string Iso(DateTimeOffset at) => at.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
