using System.Text.Json;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Frames;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Mesh.Transport;
using ClawMesh.Edge.World.Anomalies;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>
/// Turns incidents into frames: what only sensors showed is an event of this device, as good as its weakest statement; what a forecast
/// had a part in is inference.
/// </summary>
internal sealed class AnomalyFrames(FrameFactory factory, FrameFlow flow, IEventSink events)
{
    public void Tell(AnomalyReport report)
    {
        string note = report.Raised ? $"{report.Kind}: {report.Subject} shows {report.Seen}" : $"{report.Kind}: {report.Subject} is as expected again";
        try
        {
            flow.Tell(
                report.UsedForecast ? factory.Inference(w => Members(w, report), note) : factory.DeviceEvent(report.Tier, w => Members(w, report), note),
                report.Raised ? MessageClass.Safety : MessageClass.Bulk);
        }
        catch (EdgeException unsent)
        {
            events.Publish(new EdgeEvent(0, default, EventTypes.Error, EventSeverity.Error, "mesh", $"{unsent.What} {unsent.Why}", unsent.FailureClass));
        }
    }

    private static void Members(Utf8JsonWriter w, AnomalyReport report)
    {
        w.WriteString("type", "anomaly");
        w.WriteString("anomaly", report.Kind);
        w.WriteString("subject", report.Subject);
        w.WriteString("state", report.Raised ? "raised" : "cleared");
        if (report.Seen.Length > 0) w.WriteString("seen", report.Seen);
        if (report.Expected.Length > 0) w.WriteString("expected", report.Expected);
        if (report.Raised) w.WriteString("check", report.Check);
        w.WriteStartArray("evidence");
        foreach (string frame in report.Evidence) w.WriteStringValue(frame);
        w.WriteEndArray();
        if (report.Simulated) w.WriteBoolean("simulated", true);
    }
}
