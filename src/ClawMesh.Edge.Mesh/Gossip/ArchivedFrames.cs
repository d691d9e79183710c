using System.Text.Json;
using ClawMesh.Edge.Core.Frames;
using ClawMesh.Edge.Core.Storage;
using ClawMesh.Edge.Mesh.Origin;
using ClawMesh.Edge.Mesh.Transport;

namespace ClawMesh.Edge.Mesh.Gossip;

/// <summary>Frames of the wire as the archive keeps them.</summary>
internal static class ArchivedFrames
{
    /// <summary>With its number when it was verified or is our own, without one otherwise ([X-24]).</summary>
    public static ArchivedFrame Of(MeshFrame frame, long receivedMs, FrameClass frameClass)
    {
        FrameStamp? stamp = frame.Standing is FrameStanding.Own or FrameStanding.Verified ? frame.Stamp : null;
        return new ArchivedFrame(frame.SourceDeviceId, frame.FrameId, frame.Kind, stamp?.Epoch, stamp?.Sequence ?? 0, frame.Timestamp, receivedMs, frameClass, frame.Utf8);
    }

    public static FrameClass Of(MessageClass messageClass) => messageClass switch
    {
        MessageClass.Safety => FrameClass.Safety,
        MessageClass.Control => FrameClass.Control,
        _ => FrameClass.Bulk,
    };

    /// <summary>The class of what another node said: only what became of a command, of an origin that is known, is kept as long as our own ([X-32]).</summary>
    public static FrameClass ClassOf(MeshFrame frame)
    {
        if (frame.Kind == FrameKinds.Observation) return FrameClass.Bulk;
        bool known = frame.Standing is FrameStanding.Verified or FrameStanding.Session;
        return known && frame.Kind == FrameKinds.Event && TypeOf(frame)?.StartsWith("actuation.", StringComparison.Ordinal) == true ? FrameClass.Safety : FrameClass.Control;
    }

    /// <summary><c>data.type</c> of an event; null when it has none.</summary>
    public static string? TypeOf(MeshFrame frame)
    {
        using JsonDocument document = JsonDocument.Parse(frame.Utf8);
        return document.RootElement.GetProperty("data").TryGetProperty("type", out JsonElement type) && type.ValueKind == JsonValueKind.String ? type.GetString() : null;
    }
}
