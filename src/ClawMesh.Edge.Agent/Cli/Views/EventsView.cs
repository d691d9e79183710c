using System.Globalization;
using System.Text.Json;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Wire;
using Spectre.Console;

namespace ClawMesh.Edge.Agent.Cli.Views;

/// <summary>Draws <c>mesh.events</c>, oldest first, one line each: the same line as in the node's log.</summary>
internal static class EventsView
{
    public static void Render(JsonElement events, IAnsiConsole console)
    {
        foreach (JsonElement e in events.Items("events").OrderBy(e => e.Number("sequence"))) console.WriteLine(Line(e));
    }

    private static string Line(JsonElement e) => Line(
        DateTimeOffset.FromUnixTimeMilliseconds((long)(e.Number("timestamp") ?? 0)), e.Text("severity"), e.Text("type"),
        PlainText.Visible(e.Text("message"), EventLog.MaxText), PlainText.Visible(e.Text("trace"), EventLog.MaxText));

    /// <summary>For example <c>2026-11-21T06:00:00.000Z info     startup  Listening on …</c>.</summary>
    public static string Line(DateTimeOffset at, string severity, string type, string message, string? trace = null) =>
        $"{at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture)} {severity,-8} {type,-20} {message}{(string.IsNullOrEmpty(trace) ? "" : $" trace={trace}")}";
}
