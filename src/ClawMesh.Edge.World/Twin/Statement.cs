namespace ClawMesh.Edge.World.Twin;

/// <summary>What one frame says, as far as the twin looks at it. One object per writer, filled anew for each frame.</summary>
internal sealed class Statement
{
    public string Kind { get; set; } = "";

    public string FrameId { get; set; } = "";

    public string Origin { get; set; } = "";

    public string? OriginName { get; set; }

    public long TimestampMs { get; set; }

    public IReadOnlyList<string> Sources { get; set; } = [];

    /// <summary>A model had a part in it.</summary>
    public bool FromModel { get; set; }

    public string? Zone { get; set; }

    public string? Metric { get; set; }

    public string? Sensor { get; set; }

    public string Unit { get; set; } = "";

    public double? Value { get; set; }

    public string? Status { get; set; }

    public bool Simulated { get; set; }

    /// <summary>How far ahead a forecast looks, minutes.</summary>
    public double? HorizonMinutes { get; set; }

    /// <summary>Of an event: <c>actuation.state</c>, <c>actuation.result</c>.</summary>
    public string? Type { get; set; }

    public string? TargetRef { get; set; }

    public string? Operation { get; set; }

    public string? Outcome { get; set; }

    /// <summary>An output's state in the words of the wire.</summary>
    public string? State { get; set; }

    public void Clear()
    {
        (Kind, FrameId, Origin, OriginName, TimestampMs) = ("", "", "", null, 0);
        (Sources, FromModel) = ([], false);
        (Zone, Metric, Sensor, Unit, Value, Status, Simulated, HorizonMinutes) = (null, null, null, "", null, null, false, null);
        (Type, TargetRef, Operation, Outcome, State) = (null, null, null, null, null);
    }
}
