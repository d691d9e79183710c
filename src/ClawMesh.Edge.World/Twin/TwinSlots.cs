using ClawMesh.Edge.Core.Evidence;

namespace ClawMesh.Edge.World.Twin;

/// <summary>What the writer knows of one property; readers get a <see cref="TwinProperty"/> made of it.</summary>
internal sealed class PropertySlot(string name)
{
    private TwinProperty? _shown;

    public string Name => name;

    public FrameOrder Order { get; set; }

    /// <summary>This node said it itself.</summary>
    public bool Own { get; set; }

    public double? Value { get; set; }

    public string? Text { get; set; }

    public string Unit { get; set; } = "";

    public EvidenceTier Tier { get; set; }

    public IReadOnlyList<string> Sources { get; set; } = [];

    public bool Simulated { get; set; }

    public string Origin { get; set; } = "";

    public string FrameId { get; set; } = "";

    public long TimestampMs { get; set; }

    public long Arrived { get; set; }

    /// <summary>How old the statement was when it came.</summary>
    public long AgeThenMs { get; set; }

    public Freshness Freshness { get; set; }

    public HistoryRing? History { get; set; }

    /// <summary>There was no room for a history; tried again when the property is heard after a while.</summary>
    public long NoHistoryUntil { get; set; }

    public void Changed() => _shown = null;

    public TwinProperty Show() => _shown ??= new TwinProperty(name, Unit, Value, Text, Tier, Sources, Simulated, Origin, FrameId, TimestampMs, Arrived, Freshness);
}

/// <summary>One entity with its properties, and the object that readers were given last.</summary>
internal sealed class EntitySlot(EntityKind kind, string name)
{
    private TwinEntity? _shown;

    public string Id { get; } = Classification.IdOf(kind, name);

    public EntityKind Kind => kind;

    public string Name => name;

    /// <summary>Something of it was said by this node itself.</summary>
    public bool Own { get; set; }

    /// <summary>When anything of it was heard last.</summary>
    public long Arrived { get; set; }

    public Dictionary<string, PropertySlot> Properties { get; } = new(StringComparer.Ordinal);

    public void Changed() => _shown = null;

    public TwinEntity Show()
    {
        if (_shown is not null) return _shown;
        var properties = new Dictionary<string, TwinProperty>(Properties.Count, StringComparer.Ordinal);
        foreach ((string property, PropertySlot slot) in Properties) properties.Add(property, slot.Show());
        return _shown = new TwinEntity(Id, kind, properties);
    }
}
