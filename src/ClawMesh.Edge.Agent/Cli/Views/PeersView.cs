using System.Globalization;
using System.Text.Json;
using ClawMesh.Edge.Agent.Cli.Verbs;
using Spectre.Console;

namespace ClawMesh.Edge.Agent.Cli.Views;

/// <summary>Draws <c>mesh.peers</c>; what only Edge nodes tell is left out for a classic one.</summary>
internal static class PeersView
{
    public static void Render(JsonElement peers, IAnsiConsole console)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("peer", "name", "role", "link", "state", "silent", "since", "capabilities");
        int count = 0;
        foreach (JsonElement peer in peers.Items("peers"))
        {
            count++;
            JsonElement edge = peer.Member("edge");
            string state = edge.Text("state");
            table.AddRow(
                new Text(Clip(peer.Text("deviceId"))),
                new Text(peer.Text("displayName")),
                new Text(peer.Text("role")),
                new Text($"{(peer.Flag("outbound") ? "out" : "in")}{(peer.Text("transportLabel") is { Length: > 0 } label ? $" {label}" : "")}{(edge.Flag("encrypted") ? " tls" : "")}"),
                new Markup(state is "up" or "" ? Markup.Escape(state) : $"[yellow]{Markup.Escape(state)}[/]"),
                new Text(StatusView.Span(edge.Number("silentMs"))),
                new Text(Since(peer.Number("connectedAtMs"))),
                new Text(string.Join(' ', peer.Items("capabilities").Take(4).Select(c => c.GetString())) + (peer.Items("capabilities").Skip(4).Any() ? " …" : "")));
        }

        console.Write(table);
        if (count == 0) console.WriteLine("Nobody is connected. `clawmesh-edge status` shows the static peers and what keeps them away.");
    }

    /// <summary>The table, and below it what else is known of each peer.</summary>
    public static void RenderAll(JsonElement peers, IAnsiConsole console)
    {
        Render(peers, console);
        foreach (JsonElement peer in peers.Items("peers"))
        {
            JsonElement edge = peer.Member("edge");
            if (edge.ValueKind != JsonValueKind.Object) continue;
            JsonElement pacing = edge.Member("pacing"), lag = edge.Member("lag");
            console.Write(Facts.Grid(
                ("peer", Facts.Plain(peer.Text("deviceId"))),
                ("remote", Facts.Plain(edge.Text("remote"))),
                ("posture", Facts.Plain(edge.Text("posture"))),
                ("features", Facts.Plain(string.Join(' ', edge.Items("features").Select(f => f.GetString())))),
                ("sent", pacing.ValueKind != JsonValueKind.Object ? "" : $"{pacing.Text("safety")} safety, {pacing.Text("control")} control, {pacing.Text("bulk")} bulk; {pacing.Text("coalesced")} coalesced, {pacing.Text("dropped")} dropped"),
                ("pace", pacing.ValueKind != JsonValueKind.Object ? "" : $"{pacing.Text("window")} in the last minute, the oldest waits {pacing.Text("deferredMs")} ms"),
                ("lag", lag.Number("weLack") is null ? "not compared yet" : $"we lack {lag.Text("weLack")} frames, they lack {lag.Text("theyLack")}"),
                ("not verified", edge.Text("verificationFailures") is { Length: > 0 } n ? $"{n} frames" : ""),
                ("clock", edge.Number("clockOffsetMs") is { } ms ? $"{Math.Abs(ms) / 1000:0.0##} s {(ms < 0 ? "behind" : "ahead of")} this node" : "not known")));
            console.WriteLine();
        }
    }

    private static string Since(double? atMs) =>
        atMs is { } ms ? DateTimeOffset.FromUnixTimeMilliseconds((long)ms).UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture) : "";

    private static string Clip(string id) => id.Length <= 12 ? id : id[..12];
}
