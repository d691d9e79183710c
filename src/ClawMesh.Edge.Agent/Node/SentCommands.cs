using System.Buffers;
using System.Text.Json;
using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>
/// When each command for a peer was created, in <c>&lt;state&gt;/sent-commands.json</c>. The time is part of what a peer remembers of a
/// command, so asking again for its outcome, also after a restart, needs the same one. The latest 256; losing the file costs the
/// answers, never a second act.
/// </summary>
internal sealed class SentCommands(StateDirectory state)
{
    private const int Max = 256;
    private const int MaxBytes = 64 * 1024;

    private readonly Lock _lock = new();

    private string FilePath => Path.Combine(state.Path, "sent-commands.json");

    /// <summary>When the command was first created here; remembered as now when it is new.</summary>
    public long CreatedAt(string commandId, long nowMs)
    {
        lock (_lock)
        {
            List<(string Id, long AtMs)> known = Read();
            int at = known.FindIndex(k => k.Id == commandId);
            if (at >= 0) return known[at].AtMs;
            if (known.Count >= Max) known.RemoveRange(0, known.Count - Max + 1);
            known.Add((commandId, nowMs));
            try
            {
                AtomicFile.Write(FilePath, Written(known), UnixMode.OwnerOnly);
            }
            catch (EdgeException)
            {
                // A full disk must not keep a command from being sent; its repeat will then be told COMMAND_REPLAYED.
                return nowMs;
            }

            return nowMs;
        }
    }

    private List<(string Id, long AtMs)> Read()
    {
        var known = new List<(string, long)>();
        try
        {
            if (new FileInfo(FilePath) is not { Exists: true, Length: <= MaxBytes }) return known;
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(FilePath));
            foreach (JsonProperty member in document.RootElement.EnumerateObject())
            {
                if (member.Value.TryGetInt64(out long at)) known.Add((member.Name, at));
            }
        }
        catch (Exception unreadable) when (unreadable is JsonException or IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            // Nothing is lost but old answers; it is written anew.
            known.Clear();
        }

        return known;
    }

    private static byte[] Written(List<(string Id, long AtMs)> known)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var w = new Utf8JsonWriter(buffer))
        {
            w.WriteStartObject();
            foreach ((string id, long at) in known) w.WriteNumber(id, at);
            w.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }
}
