using System.Text.Json;
using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Mesh.Transport;
using ClawMesh.Edge.World.Forecasts;

namespace ClawMesh.Edge.Agent.Forecasting;

/// <summary>
/// Tells forecasts as what they are: inference, T0. Once an hour of the site for each zone, since each has a key of its own in everybody's
/// picture ([W-83]); that there is none any more, or one again, is an event at once.
/// </summary>
internal sealed class ForecastTelling(EdgeNode node)
{
    private static readonly TimeSpan Every = TimeSpan.FromHours(1);
    private static readonly TimeSpan AtMostEvery = TimeSpan.FromSeconds(30);

    // One entry per forecast zone.
    private readonly Dictionary<string, long> _told = new(StringComparer.Ordinal);

    public void Tell(ZoneForecast forecast, ZoneForecast? before)
    {
        if (forecast.Unavailable is { } why)
        {
            if (before is null || before.Unavailable is null) Say(EventSeverity.Warning, $"No forecast of '{forecast.Zone}': {why}", forecast.FailureClass);
            return;
        }

        if (before is { Unavailable: not null }) Say(EventSeverity.Info, $"'{forecast.Zone}' is forecast again.", null);
        TimeSpan every = Every / node.World.Clock.Rate;
        if (every < AtMostEvery) every = AtMostEvery;
        if (_told.TryGetValue(forecast.Zone, out long at) && node.Time.GetElapsedTime(at) < every) return;
        _told[forecast.Zone] = node.Time.GetTimestamp();
        try
        {
            node.Frames.Tell(node.Factory.Inference(w => Members(w, forecast), null), MessageClass.Bulk);
        }
        catch (EdgeException unsent)
        {
            Say(EventSeverity.Error, $"{unsent.What} {unsent.Why}", unsent.FailureClass);
        }
    }

    private static void Members(Utf8JsonWriter w, ZoneForecast forecast)
    {
        w.WriteString("type", "forecast");
        w.WriteString("zone", forecast.Zone);
        w.WriteString("metric", "moisture");
        w.WriteString("unit", "%");
        w.WriteString("model", forecast.Model);
        if (forecast.Horizons is [.., { } last])
        {
            w.WriteNumber("value", Math.Round(last.MiddlePercent, 2));
            w.WriteNumber("horizonMinutes", last.Minutes);
        }

        WriteHorizons(w, forecast);
        if (forecast.Simulated) w.WriteBoolean("simulated", true);
    }

    /// <summary>Percent, by two digits: more would claim what no probe can show.</summary>
    public static void WriteHorizons(Utf8JsonWriter w, ZoneForecast forecast)
    {
        w.WriteStartArray("horizons");
        foreach (ForecastHorizon horizon in forecast.Horizons)
        {
            w.WriteStartObject();
            w.WriteNumber("minutes", horizon.Minutes);
            w.WriteNumber("low", Math.Round(horizon.LowPercent, 2));
            w.WriteNumber("middle", Math.Round(horizon.MiddlePercent, 2));
            w.WriteNumber("high", Math.Round(horizon.HighPercent, 2));
            w.WriteString("use", horizon.Use);
            w.WriteEndObject();
        }

        w.WriteEndArray();
    }

    private void Say(EventSeverity severity, string text, FailureClass? failureClass) =>
        node.Events.Publish(new EdgeEvent(0, default, severity == EventSeverity.Info ? EventTypes.ModeChange : EventTypes.Error, severity, "world model", text, failureClass));
}
