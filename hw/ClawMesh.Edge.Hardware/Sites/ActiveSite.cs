using System.Text.Json;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Boards;

namespace ClawMesh.Edge.Hardware.Sites;

/// <summary>
/// What the last node ran, resolved: the text of its site and of its board in one file, written before any output was claimed. So
/// <c>safe-state</c> needs nothing else, whatever became of the files they came from.
/// </summary>
public static class ActiveSite
{
    private const int Schema = 1;

    /// <summary>The file's content. The texts stand in it as they were read, comments included.</summary>
    public static byte[] Write(Site site, BoardCatalog boards)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            writer.WriteStartObject();
            writer.WriteNumber("schema", Schema);
            writer.WriteString("boardName", site.Board);
            writer.WriteString("board", boards.TextOf(site.Board) ?? "");
            writer.WriteString("site", site.Text);
            writer.WriteEndObject();
        }

        return buffer.ToArray();
    }

    /// <summary>Reads what <see cref="Write"/> wrote; every problem is named.</summary>
    /// <param name="origin">The file's name in messages.</param>
    public static SiteReadResult Read(string text, string origin)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            JsonElement root = document.RootElement;
            if (root.ValueKind == JsonValueKind.Object && root.TryGetProperty("schema", out JsonElement schema) && schema.ValueKind == JsonValueKind.Number && schema.GetInt32() == Schema
                && Text(root, "boardName") is { } boardName && Text(root, "board") is { } board && Text(root, "site") is { } site)
            {
                return SiteFile.Read(site, origin, BoardCatalog.Only(boardName, board, origin));
            }
        }
        catch (Exception broken) when (broken is JsonException or FormatException)
        {
            return NotOurs(origin, broken.Message);
        }

        return NotOurs(origin, $"it must hold schema {Schema}, boardName, board and site.");
    }

    private static string? Text(JsonElement root, string name) =>
        root.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static SiteReadResult NotOurs(string origin, string why) => new(
        null, [new(ProblemSeverity.Error, origin, $"{origin} is not what a node wrote there: {why}", "Name the site with --site, or start the node once.")], origin);
}
