using ClawMesh.Edge.Core.Evidence;

namespace ClawMesh.Edge.World.Twin;

/// <summary>The picture of the site at one moment: consistent, immutable, as long as somebody holds it.</summary>
/// <param name="Version">Rises by one with every change.</param>
public sealed record TwinSnapshot(long Version, DateTimeOffset At, IReadOnlyDictionary<string, TwinEntity> Entities)
{
    public TwinProperty? Find(string entity, string property) =>
        Entities.TryGetValue(entity, out TwinEntity? found) && found.Properties.TryGetValue(property, out TwinProperty? value) ? value : null;
}

public enum EntityKind
{
    Zone,
    Tank,
    Line,
    Actuator,
    Node,
}

/// <param name="Id"><c>zone:zone-1</c>, <c>tank:tank-1</c>, <c>line:mainline-01</c>, <c>actuator:valve:zone-1</c>, <c>node:DEVICEID</c>.</param>
public sealed record TwinEntity(string Id, EntityKind Kind, IReadOnlyDictionary<string, TwinProperty> Properties);

/// <summary>What is believed of one thing, and why. A class: it passes through sequences, which are costly over values under AOT.</summary>
/// <param name="Name">The metric of the wire: <c>moisture</c>, <c>temp</c>, <c>flow</c>, <c>state</c>.</param>
/// <param name="Value">Null when the statement holds no number.</param>
/// <param name="Text">For what is no number, such as an output's state.</param>
/// <param name="Tier">As this node believes it, which may be less than the frame states.</param>
/// <param name="TimestampMs">The origin's wall clock, milliseconds since the Unix epoch.</param>
/// <param name="ArrivedTimestamp">When it was folded, as <see cref="TimeProvider.GetTimestamp"/> counts.</param>
public sealed record TwinProperty(
    string Name,
    string Unit,
    double? Value,
    string? Text,
    EvidenceTier Tier,
    IReadOnlyList<string> Sources,
    bool Simulated,
    string Origin,
    string FrameId,
    long TimestampMs,
    long ArrivedTimestamp,
    Freshness Freshness);

/// <summary>By the age of the statement: 90 s, 5 min, 30 min ([W-130]).</summary>
public enum Freshness
{
    Fresh,
    Aging,
    Stale,
    Expired,
}

/// <summary>Reads the picture. Thread-safe; never blocks the writer.</summary>
public interface ITwinReader
{
    TwinSnapshot Current { get; }

    /// <summary>Fills a window that ends now, oldest first: the mean of each step, NaN where nothing was heard.</summary>
    /// <param name="step">Length of one step in the time of the site, see <see cref="IWorldClock"/>.</param>
    /// <returns>How many steps hold a number.</returns>
    int History(string entity, string property, TimeSpan step, Span<float> values);
}

/// <summary>
/// The time of the site, by which soil dries and the sun moves. On a real site it is the wall clock with the site's offset from UTC;
/// a simulated farm may run many times faster than the node that plays it, whose leases stay on the node's clock.
/// </summary>
public interface IWorldClock
{
    DateTimeOffset Now { get; }

    /// <summary>Seconds of the site per second of the node; 1 on a real site.</summary>
    double Rate { get; }
}
