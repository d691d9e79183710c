using System.Text.Json;

namespace ClawMesh.Edge.Mesh.Election;

/// <summary>What this node does as a planner ([W-115]).</summary>
/// <param name="State"><c>active</c>, <c>standby</c> or <c>ineligible</c>.</param>
/// <param name="ShouldHandleAutonomous">True for <c>active</c> alone.</param>
public sealed record PlannerActivity(string State, string? Role, Leader Leader, bool ShouldHandleAutonomous)
{
    public const string Active = "active";
    public const string Standby = "standby";
    public const string Ineligible = "ineligible";

    /// <summary>Writes one object.</summary>
    public void Write(Utf8JsonWriter w)
    {
        w.WriteStartObject();
        w.WriteString("state", State);
        if (Role is not null) w.WriteString("role", Role);
        Leader.Write(w, "leader");
        w.WriteBoolean("shouldHandleAutonomous", ShouldHandleAutonomous);
        w.WriteEndObject();
    }
}
