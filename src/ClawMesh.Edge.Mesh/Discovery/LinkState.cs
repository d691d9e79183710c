namespace ClawMesh.Edge.Mesh.Discovery;

/// <summary>What is under way on one interface. Times are milliseconds of the directory's clock; <see cref="Never"/> where nothing is due.</summary>
internal sealed class LinkState(LinkInterface face)
{
    public const long Never = long.MaxValue;

    public LinkInterface Face { get; set; } = face;

    /// <summary>The names are this node's here: probed, and nobody objected.</summary>
    public bool Established { get; set; }

    public int Probes { get; set; }

    public int Announcements { get; set; }

    /// <summary>The next probe or announcement.</summary>
    public long StepAt { get; set; } = Never;

    public Parts Pending { get; set; }

    public long AnswerAt { get; set; } = Never;

    public long LastAnswerAt { get; set; } = -1_000_000;

    /// <summary>The next question about who is there.</summary>
    public long BrowseAt { get; set; } = Never;

    /// <summary>Until the one after it, in milliseconds.</summary>
    public long BrowseEvery { get; set; }
}
