using System.Text.Json;
using ClawMesh.Edge.Agent.Cli.Verbs;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Hardware.Identity;
using Spectre.Console;

namespace ClawMesh.Edge.Agent.Cli.Views;

/// <param name="Policy">The one in force, decided by a person or not.</param>
/// <param name="Own">This node belongs to it.</param>
internal sealed record ShownMesh(KnownMesh Mesh, JoinPolicy Policy, bool Own);

/// <summary>What the verbs of <c>meshes</c> say.</summary>
/// <param name="Act"><c>list</c>, <c>set-policy</c> or <c>forget</c>.</param>
/// <param name="Meshes">Of a change, the mesh that was changed; none that was forgotten.</param>
/// <param name="Origin">Where the own mesh comes from.</param>
/// <param name="Note">Something to say beside.</param>
internal sealed record MeshesReport(
    string Act, string File, IReadOnlyList<ShownMesh> Meshes, MeshOrigin Origin, IReadOnlyList<string> Warnings, string? Note, bool NoteWarns) : IReport
{
    /// <summary>Whether a node runs here, told after a change.</summary>
    public bool NodeRuns { get; init; }

    public string Kind => $"meshes {Act}";

    public ReportStatus Status => NoteWarns || Warnings.Count > 0 ? ReportStatus.Warn : ReportStatus.Ok;

    private string OriginWord => Origin switch
    {
        MeshOrigin.Configuration => "configuration",
        MeshOrigin.Joined => "joined",
        _ => "invented",
    };

    public void WriteData(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("file", File);
        if (Act == "list") writer.WriteNumber("count", Meshes.Count);
        else writer.WriteBoolean("nodeRuns", NodeRuns);
        writer.WriteStartArray("meshes");
        foreach ((KnownMesh mesh, JoinPolicy policy, bool own) in Meshes)
        {
            writer.WriteStartObject();
            writer.WriteString("meshId", mesh.MeshId);
            if (mesh.Name is not null) writer.WriteString("name", mesh.Name);
            writer.WriteBoolean("own", own);
            if (own) writer.WriteString("from", OriginWord);
            writer.WriteString("policy", policy.Word());
            writer.WriteBoolean("decided", mesh.Policy is not null);
            writer.WriteBoolean("joined", mesh.Joined);
            if (mesh.FirstSeen.Length > 0) writer.WriteString("firstSeen", mesh.FirstSeen);
            if (mesh.LastSeen.Length > 0) writer.WriteString("lastSeen", mesh.LastSeen);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("warnings");
        foreach (string warning in Warnings) writer.WriteStringValue(warning);
        writer.WriteEndArray();
        if (Note is not null) writer.WriteString("note", Note);
        writer.WriteEndObject();
    }

    public void Render(IAnsiConsole console)
    {
        if (Meshes.Count > 0)
        {
            Table table = Facts.Table("mesh", "name", "own", "policy", "first seen", "last seen");
            foreach ((KnownMesh mesh, JoinPolicy policy, bool own) in Meshes)
            {
                table.AddRow(
                    new Text(mesh.MeshId), new Text(Facts.Plain(mesh.Name ?? "")), new Text(own ? $"yes, {OriginWord}" : ""),
                    new Text(mesh.Policy is null ? $"{policy.Word()} (nobody decided)" : policy.Word()), new Text(Facts.Plain(mesh.FirstSeen)), new Text(Facts.Plain(mesh.LastSeen)));
            }

            console.Write(table);
        }
        else if (Act == "list")
        {
            console.WriteLine("No mesh is known. The first start of the node invents one, unless `meshName` in node.json names it.");
        }

        foreach (string warning in Warnings) console.MarkupLine($"[yellow]warning[/] {Markup.Escape(Facts.Plain(warning))}");
        if (Note is not null) console.MarkupLine($"{(NoteWarns ? "[yellow]warning[/] " : "")}{Markup.Escape(Note)}");
        if (Act != "list") console.WriteLine(NodeRuns ? "The running node takes it up within a second." : "No node runs here; it counts from the next start.");
    }
}
