using System.Text.Json;
using ClawMesh.Edge.Agent.Cli.Verbs;
using ClawMesh.Edge.Core.Identity;
using Spectre.Console;

namespace ClawMesh.Edge.Agent.Cli.Views;

/// <summary>One entry of the trust store, as JSON and as lines.</summary>
internal static class TrustView
{
    public static void WriteEntry(Utf8JsonWriter writer, TrustEntry entry)
    {
        writer.WriteStartObject();
        writer.WriteString("deviceId", entry.DeviceId.Value);
        if (entry.DisplayName is not null) writer.WriteString("displayName", entry.DisplayName);
        if (entry.PublicKey is not null) writer.WriteString("publicKey", entry.PublicKey);
        writer.WriteBoolean("pinned", entry.PublicKey is not null);
        writer.WriteString("addedAt", entry.AddedAt);
        writer.WriteStartArray("features");
        foreach (string feature in entry.Features) writer.WriteStringValue(feature);
        writer.WriteEndArray();
        writer.WritePropertyName("grants");
        GrantText.WriteJson(writer, entry.Grants);
        writer.WriteString("may", GrantText.Describe(entry.Grants));
        writer.WriteEndObject();
    }

    public static Grid Lines(TrustEntry entry) => Facts.Grid(
        ("device id", entry.DeviceId.Value), ("name", Facts.Plain(entry.DisplayName ?? "")),
        ("key", entry.PublicKey ?? "none yet; the first one that comes is pinned"), ("added", Facts.Plain(entry.AddedAt)),
        ("may", GrantText.Describe(entry.Grants)), ("features", Facts.Plain(string.Join(", ", entry.Features))));
}

/// <param name="Peers">The entries that count, in the order of the file.</param>
internal sealed record TrustListReport(string File, IReadOnlyList<TrustEntry> Peers, IReadOnlyList<string> Warnings) : IReport
{
    public string Kind => "trust list";

    public ReportStatus Status => Warnings.Count > 0 ? ReportStatus.Warn : ReportStatus.Ok;

    public void WriteData(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("file", File);
        writer.WriteNumber("count", Peers.Count);
        writer.WriteStartArray("peers");
        foreach (TrustEntry peer in Peers) TrustView.WriteEntry(writer, peer);
        writer.WriteEndArray();
        writer.WriteStartArray("warnings");
        foreach (string warning in Warnings) writer.WriteStringValue(warning);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    public void Render(IAnsiConsole console)
    {
        if (Peers.Count == 0) console.WriteLine("No device is trusted. `clawmesh-edge trust add ID` adds one.");
        foreach (TrustEntry peer in Peers)
        {
            console.Write(TrustView.Lines(peer));
            console.WriteLine();
        }

        foreach (string warning in Warnings) console.MarkupLine($"[yellow]warning[/] {Markup.Escape(Facts.Plain(warning))}");
    }
}

/// <summary>Something to say beside the change.</summary>
internal sealed record TrustNote(string Text, bool Warns);

/// <param name="Act"><c>add</c>, <c>remove</c> or <c>grant</c>.</param>
/// <param name="Entry">As it is now; null when there is none that counts.</param>
/// <param name="Recorded">The journal record, or null when a node runs, nothing changed, or the journal took none.</param>
internal sealed record TrustChangeReport(
    string Act, NodeId Device, bool Changed, TrustEntry? Entry, string File, bool NodeRuns, long? Recorded, TrustNote? Note) : IReport
{
    public string Kind => $"trust {Act}";

    public ReportStatus Status => Note is { Warns: true } ? ReportStatus.Warn : ReportStatus.Ok;

    public void WriteData(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("deviceId", Device.Value);
        writer.WriteBoolean("changed", Changed);
        if (Entry is not null)
        {
            writer.WritePropertyName("entry");
            TrustView.WriteEntry(writer, Entry);
        }

        writer.WriteString("file", File);
        writer.WriteBoolean("nodeRuns", NodeRuns);
        if (Recorded is { } sequence) writer.WriteNumber("journalSeq", sequence);
        if (Note is not null) writer.WriteString("note", Note.Text);
        writer.WriteEndObject();
    }

    public void Render(IAnsiConsole console)
    {
        if (Entry is not null) console.Write(TrustView.Lines(Entry));
        else if (Changed) console.WriteLine($"{Device} is trusted no longer.");
        if (Note is not null) console.MarkupLine($"{(Note.Warns ? "[yellow]warning[/] " : "")}{Markup.Escape(Note.Text)}");
        if (!Changed) return;
        console.WriteLine(NodeRuns
            ? "The running node takes it up within a second."
            : $"No node runs here; it counts from the next start.{(Recorded is { } sequence ? $" Journal record {sequence}." : "")}");
    }
}
