namespace ClawMesh.Edge.Mesh.Transport;

/// <summary>How many messages a link may carry in any sliding 60 s, and what of it is kept for the higher classes ([X-72], [X-73]).</summary>
/// <param name="PerMinute">1 to <see cref="MaxPerMinute"/>, everything included.</param>
/// <param name="SafetyReserve">Kept for class safety.</param>
/// <param name="ControlReserve">Kept for classes control and safety.</param>
public sealed record Pace(int PerMinute, int SafetyReserve, int ControlReserve)
{
    public const int MaxPerMinute = 100_000;

    /// <summary>Towards an acceptor without a valid <c>ext</c>, which discards what passes 100 per minute ([W-152]).</summary>
    public static Pace Classic { get; } = new(90, 10, 15);

    /// <summary>The same for an acceptor on a line that carries less: the reserves keep their shares, rounded up.</summary>
    /// <param name="perMinute">10 to 90; more would be discarded there.</param>
    public static Pace ClassicOf(int perMinute)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(perMinute, 10);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(perMinute, Classic.PerMinute);
        return new Pace(perMinute, Share(Classic.SafetyReserve), Share(Classic.ControlReserve));

        int Share(int reserve) => ((reserve * perMinute) + Classic.PerMinute - 1) / Classic.PerMinute;
    }

    /// <summary>Between Edge nodes.</summary>
    public static Pace Edge { get; } = new(6_000, 10, 15);

    /// <summary>
    /// How many keyed observations a minute the keys of a link share. gives 60 for the classic 90; other paces keep that
    /// proportion, within what the reserves leave.
    /// </summary>
    internal int ObservationsPerMinute => Math.Max(1, Math.Min((int)(PerMinute * 2L / 3), Limit(MessageClass.Bulk)));

    /// <summary>The class may send while the window holds fewer than this.</summary>
    internal int Limit(MessageClass messageClass) => messageClass switch
    {
        MessageClass.Safety => PerMinute,
        MessageClass.Control => PerMinute - SafetyReserve,
        _ => PerMinute - SafetyReserve - ControlReserve,
    };
}
