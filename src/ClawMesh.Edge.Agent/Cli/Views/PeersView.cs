using System.Globalization;
using System.Text.Json;
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

    private static string Since(double? atMs) =>
        atMs is { } ms ? DateTimeOffset.FromUnixTimeMilliseconds((long)ms).UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture) : "";

    private static string Clip(string id) => id.Length <= 12 ? id : id[..12];
}
