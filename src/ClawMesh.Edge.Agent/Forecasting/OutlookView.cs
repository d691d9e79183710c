using System.Text.Json;
using ClawMesh.Edge.World.Forecasts;
using ClawMesh.Edge.World.Planner;

namespace ClawMesh.Edge.Agent.Forecasting;

/// <summary>What <c>status</c> says of the world model: on what it runs, what it expects, what the planner thinks.</summary>
internal static class OutlookView
{
    public static void Write(Utf8JsonWriter w, SiteOutlook outlook)
    {
        w.WriteStartObject("worldModel");
        if (outlook.Broken is { } broken) w.WriteString("unavailable", broken);
        if (outlook.Facts is { } facts)
        {
            w.WriteString("model", facts.Model);
            w.WriteString("engine", facts.Provider);
        }

        w.WriteStartArray("trials");
        foreach (string trial in outlook.Engines?.Trials ?? []) w.WriteStringValue(trial);
        w.WriteEndArray();
        w.WriteStartArray("forecasts");
        foreach (ZoneForecast forecast in outlook.Forecasts.All) Forecast(w, forecast);
        w.WriteEndArray();
        w.WriteStartArray("advice");
        foreach (PlanAdvice advice in outlook.Planner?.Advice ?? []) Advice(w, advice);
        w.WriteEndArray();
        w.WriteEndObject();
    }

    private static void Forecast(Utf8JsonWriter w, ZoneForecast forecast)
    {
        w.WriteStartObject();
        w.WriteString("zone", forecast.Zone);
        w.WriteString("id", forecast.Id);
        w.WriteString("siteTime", forecast.MadeAt);
        if (forecast.Unavailable is { } why) w.WriteString("unavailable", why);
        ForecastTelling.WriteHorizons(w, forecast);
        w.WriteEndObject();
    }

    private static void Advice(Utf8JsonWriter w, PlanAdvice advice)
    {
        w.WriteStartObject();
        w.WriteString("zone", advice.Zone);
        w.WriteString("siteTime", advice.At);
        w.WriteString("says", advice.Kind switch { AdviceKind.Water => "water", AdviceKind.Wait => "wait", AdviceKind.Nothing => "nothing", _ => "unknown" });
        if (advice.Minutes > 0) w.WriteNumber("minutes", advice.Minutes);
        w.WriteString("because", advice.Reasoning);
        w.WriteEndObject();
    }
}
