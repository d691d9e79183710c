using System.Text.Json;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Storage;
using ClawMesh.Edge.Trust.Safety;

namespace ClawMesh.Edge.Trust.Desk;

/// <summary>
/// Keeps latches across restarts. The slots are the truth while the node lives; the store is how the next life learns of them.
/// </summary>
internal sealed class LatchBook(IReadOnlyCollection<OutputSlot> slots, ISettingsStore settings)
{
    private const string Key = "latches";

    /// <summary>Takes over latches of an earlier life. Present ones win.</summary>
    public void Load()
    {
        if (settings.Get(Key) is not { Length: > 0 } text) return;
        using JsonDocument document = JsonDocument.Parse(text);
        foreach (OutputSlot slot in slots)
        {
            if (!document.RootElement.TryGetProperty(slot.Id.Value, out JsonElement entry)) continue;
            var latch = new Latch(
                entry.GetProperty("cause").GetString() ?? "",
                entry.GetProperty("why").GetString() ?? "",
                DateTimeOffset.FromUnixTimeMilliseconds(entry.GetProperty("atMs").GetInt64()));
            lock (slot.Sync) slot.Latch ??= latch;
        }
    }

    /// <summary>Writes the present latches. An unavailable journal is not an error here: arming is refused anyway until it is back.</summary>
    public async Task SaveAsync(CancellationToken cancellationToken)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            foreach (OutputSlot slot in slots)
            {
                Latch? latch;
                lock (slot.Sync) latch = slot.Latch;
                if (latch is null) continue;
                writer.WriteStartObject(slot.Id.Value);
                writer.WriteString("cause", latch.Cause);
                writer.WriteString("why", latch.Why);
                writer.WriteNumber("atMs", latch.At.ToUnixTimeMilliseconds());
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        }

        try
        {
            await settings.SetAsync(Key, System.Text.Encoding.UTF8.GetString(buffer.ToArray()), cancellationToken);
        }
        catch (EdgeException unavailable) when (unavailable.Code == GateCodes.JournalUnavailable)
        {
            // The journal reports it itself, and SaveAsync is called again when it reopens.
        }
    }
}
