using System.Text.Json;
using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Readings;

namespace ClawMesh.Edge.Core.Frames;

/// <summary>
/// Turns what this node knows into frames. Tier and sources follow from the kind of statement by construction ([W-72]);
/// no caller can name them. Thread-safe.
/// </summary>
public sealed class FrameFactory(NodeId device, string? displayName, TimeProvider time, Func<Guid> newId)
{
    private static readonly FrameTrust SensorTrust = new(["sensor"], TrustWords.T2);
    private static readonly FrameTrust UnverifiedSensorTrust = new(["sensor"], TrustWords.T1);
    private static readonly FrameTrust OperatorTrust = new(["human"], TrustWords.T3);
    private static readonly FrameTrust ModelTrust = new(["llm"], TrustWords.T0);
    private static readonly string[] DeviceSources = ["device"];

    /// <summary>An observation ([W-84]). A value outside the sensor's valid range, or no number at all, is only T1 and says so.</summary>
    public ContextFrame Observation(Reading reading, SensorInfo sensor)
    {
        bool plausible = double.IsFinite(reading.Value) && reading.Value >= sensor.ValidMin && reading.Value <= sensor.ValidMax;
        string status = Status(reading.Value, sensor);
        JsonElement data = Build(writer =>
        {
            writer.WriteString("zone", reading.Zone);
            writer.WriteString("metric", reading.Quantity.Metric);
            // JSON has no NaN; a frame without a number says so in its status and never carries a stand-in.
            if (double.IsFinite(reading.Value)) writer.WriteNumber("value", Math.Round(reading.Value, 4));
            writer.WriteString("unit", reading.Quantity.Unit);
            if (sensor.Low is { } low) writer.WriteNumber("threshold", low);
            writer.WriteString("status", plausible ? status : "implausible");
            writer.WriteString("sensor", reading.Sensor.Value);
            if (reading.Simulated) writer.WriteBoolean("simulated", true);
        });
        return New(FrameKinds.Observation, data, plausible ? SensorTrust : UnverifiedSensorTrust, reading.SampledAt, note: null);
    }

    /// <summary>An event this node vouches for as a device, e.g. <c>actuation.result</c> ([X-38], tier by ).</summary>
    public ContextFrame DeviceEvent(EvidenceTier tier, Action<Utf8JsonWriter> members, string? note) =>
        New(FrameKinds.Event, Build(members), new FrameTrust(DeviceSources, tier.Word()), time.GetUtcNow(), note);

    /// <summary>What a model of this node expects or proposes: the lowest tier, and the wire's word for any model ([W-72], [W-122]).</summary>
    public ContextFrame Inference(Action<Utf8JsonWriter> members, string? note) =>
        New(FrameKinds.Inference, Build(members), ModelTrust, time.GetUtcNow(), note);

    /// <summary>What an operator of this node said ([W-125]). Only callers that have proved to be operators reach this ([X-71]).</summary>
    public ContextFrame OperatorInput(Action<Utf8JsonWriter> members, string note) =>
        New(FrameKinds.HumanInput, Build(members), OperatorTrust, time.GetUtcNow(), note);

    /// <summary><c>critical</c>, <c>low</c> or <c>normal</c> ([W-84]).</summary>
    public static string Status(double value, SensorInfo sensor) =>
        sensor.Critical is { } critical && value <= critical ? "critical"
        : sensor.Low is { } low && value <= low ? "low"
        : "normal";

    private ContextFrame New(string kind, JsonElement data, FrameTrust trust, DateTimeOffset at, string? note) => new()
    {
        Kind = kind,
        FrameId = newId().ToString("D"),
        SourceDeviceId = device.Value,
        SourceDisplayName = displayName,
        Timestamp = at.ToUnixTimeMilliseconds(),
        Data = data,
        Trust = trust,
        Note = note,
    };

    private static JsonElement Build(Action<Utf8JsonWriter> members)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            members(writer);
            writer.WriteEndObject();
        }

        var reader = new Utf8JsonReader(buffer.WrittenSpan);
        return JsonElement.ParseValue(ref reader);
    }
}
