using System.Text.Json;
using ClawMesh.Edge.Core.Identity;

namespace ClawMesh.Edge.Mesh.Election;

/// <summary>The elected planner ([W-115]).</summary>
/// <param name="Kind"><c>none</c>, <c>local</c> or <c>peer</c>.</param>
/// <param name="DeviceId">Null for <c>none</c>.</param>
public sealed record Leader(string Kind, NodeId? DeviceId, string? Role)
{
    public const string Local = "local";
    public const string Peer = "peer";

    public static Leader None { get; } = new("none", null, null);

    public void Write(Utf8JsonWriter w, string propertyName)
    {
        w.WriteStartObject(propertyName);
        w.WriteString("kind", Kind);
        if (DeviceId is { } device) w.WriteString("deviceId", device.Value);
        if (Role is not null) w.WriteString("role", Role);
        w.WriteEndObject();
    }
}
