namespace ClawMesh.Edge.Journal;

/// <summary>The settings this project keeps for itself. Others choose names with a dot.</summary>
internal static class SettingKeys
{
    /// <summary>Commands created before this instant are refused for ever ([X-44]); milliseconds since the Unix epoch.</summary>
    public const string ResetAtMs = "resetAtMs";

    /// <summary>Written at every open: the proof that the disk takes a durable write.</summary>
    public const string Opened = "opened";
}
