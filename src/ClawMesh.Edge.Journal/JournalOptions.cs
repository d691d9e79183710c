namespace ClawMesh.Edge.Journal;

/// <summary>How much the node remembers. Immutable: derive a variant with <c>with</c>.</summary>
public sealed record JournalOptions
{
    public static readonly JournalOptions Default = new();

    /// <summary>Journal records kept; older ones are pruned behind a signed checkpoint. Default 200,000, about 100 MB.</summary>
    public int MaxRecords { get; init; } = 200_000;

    /// <summary>Verified frames kept ([X-32], [X-77]). Default 100,000.</summary>
    public int MaxFrames { get; init; } = 100_000;

    /// <summary>Frames without epoch kept ([X-32]). Default 20,000.</summary>
    public int MaxClassicFrames { get; init; } = 20_000;

    /// <summary>Bytes of frame text kept, a quarter of them at most without epoch ([X-77]). Default 64 MiB.</summary>
    public long MaxFrameBytes { get; init; } = 64L << 20;

    /// <summary>How long verified frames are kept ([X-32]). Default 7 days.</summary>
    public TimeSpan SignedAge { get; init; } = TimeSpan.FromDays(7);

    /// <summary>How long frames without epoch are kept ([X-32]). Default 24 h.</summary>
    public TimeSpan ClassicAge { get; init; } = TimeSpan.FromHours(24);

    /// <summary>How long frames of class safety are kept ([X-32], [X-77]). Default 90 days.</summary>
    public TimeSpan SafetyAge { get; init; } = TimeSpan.FromDays(90);

    /// <summary>A command id is never forgotten before this age ([W-104]). Default 24 h.</summary>
    public TimeSpan ReplayAge { get; init; } = TimeSpan.FromHours(24);

    /// <summary>This many newest command ids of each output are kept whatever their age ([W-104]). Default 4,096.</summary>
    public int ReplayPerOutput { get; init; } = 4096;

    /// <summary>Command ids held at most, over all outputs: about 40 MB of memory. Default 65,536.</summary>
    public int MaxCommands { get; init; } = 65_536;

    /// <summary>Places of <see cref="MaxCommands"/> that only commands to the safe state may take ([X-44]).</summary>
    internal int SafeReserve => Math.Min(256, MaxCommands / 4);

    /// <summary>Fault injection: the pages the database may have, asked at every open; a disk that fills, in a test.</summary>
    internal Func<long>? MaxPageCount { get; init; }

    /// <summary>Fault injection: called inside the transaction that changes the schema; a process that dies there, in a test.</summary>
    internal Action? InUpgrade { get; init; }

    /// <summary>Yields every problem, not just the first, so one restart fixes them all.</summary>
    public IEnumerable<string> Problems()
    {
        if (MaxRecords < 16)
            yield return $"journal.maxRecords is {MaxRecords}; it must be at least 16. The default is {Default.MaxRecords}.";
        if (MaxFrames < 1)
            yield return $"journal.maxFrames is {MaxFrames}; it must be at least 1. The default is {Default.MaxFrames}.";
        if (MaxClassicFrames < 1)
            yield return $"journal.maxClassicFrames is {MaxClassicFrames}; it must be at least 1. The default is {Default.MaxClassicFrames}.";
        if (MaxFrameBytes < 1 << 20)
            yield return $"journal.maxFrameBytes is {MaxFrameBytes}; it must be at least 1 MiB. The default is {Default.MaxFrameBytes}.";
        if (SignedAge < TimeSpan.FromHours(1))
            yield return $"journal.signedAge is {SignedAge}; it must be at least 1 h. The default is {Default.SignedAge.TotalDays:0} days.";
        if (ClassicAge < TimeSpan.FromHours(1))
            yield return $"journal.classicAge is {ClassicAge}; it must be at least 1 h. The default is {Default.ClassicAge.TotalHours:0} h.";
        if (SafetyAge < SignedAge)
            yield return $"journal.safetyAge is {SafetyAge}; it must not be below journal.signedAge, {SignedAge}.";
        if (ReplayAge < TimeSpan.FromHours(24))
            yield return $"journal.replayAge is {ReplayAge}; the protocol demands at least 24 h.";
        if (ReplayPerOutput < 4096)
            yield return $"journal.replayPerOutput is {ReplayPerOutput}; the protocol demands at least 4096.";
        if (MaxCommands < ReplayPerOutput)
            yield return $"journal.maxCommands is {MaxCommands}; it must not be below journal.replayPerOutput, {ReplayPerOutput}.";
    }
}
