using System.Text.Json;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Storage;
using ClawMesh.Edge.Trust.Safety;

namespace ClawMesh.Edge.Trust.Desk;

/// <summary>
/// Keeps latches across restarts. The slots are the truth while the node lives; the store is how the next life learns of them.
/// </summary>
#pragma warning disable CA1001 // The semaphore's wait handle is never asked for, so there is nothing to release; a late save may still hold it when the desk is gone.
internal sealed class LatchBook(IReadOnlyCollection<OutputSlot> slots, ISettingsStore settings)
{
    private const string Key = "latches";

    private readonly SemaphoreSlim _saving = new(1, 1);

    /// <summary>Takes over latches of an earlier life. Present ones win. If they cannot be read, every output is latched: one of them was.</summary>
    public void Load(DateTimeOffset now)
    {
        if (settings.Get(Key) is not { Length: > 0 } text) return;
        Func<OutputSlot, Latch?> latchOf;
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            Dictionary<string, Latch> latches = document.RootElement.EnumerateObject().ToDictionary(e => e.Name, e => Read(e.Value));
            latchOf = slot => latches.GetValueOrDefault(slot.Id.Value);
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException or KeyNotFoundException or ArgumentException or FormatException)
        {
            latchOf = _ => new Latch("fault", "the latches of the node's last life cannot be read", now);
        }

        foreach (OutputSlot slot in slots)
        {
            lock (slot.Sync) slot.Latch ??= latchOf(slot);
        }
    }

    /// <summary>Writes the present latches. An unavailable journal is not an error here: arming is refused anyway until it is back.</summary>
    public async Task SaveAsync(CancellationToken cancellationToken)
    {
        // One at a time, and each sees the latches of its own moment: an older picture must never be written over a newer one.
        await _saving.WaitAsync(cancellationToken);
        try
        {
            await settings.SetAsync(Key, ToText(), cancellationToken);
        }
        catch (EdgeException unavailable) when (unavailable.Code == GateCodes.JournalUnavailable)
        {
            // The journal reports it itself, and SaveAsync is called again when it reopens.
        }
        finally
        {
            _saving.Release();
        }
    }

    private static Latch Read(JsonElement entry) => new(
        entry.GetProperty("cause").GetString() ?? "",
        entry.GetProperty("why").GetString() ?? "",
        DateTimeOffset.FromUnixTimeMilliseconds(entry.GetProperty("atMs").GetInt64()));

    private string ToText()
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

        return System.Text.Encoding.UTF8.GetString(buffer.ToArray());
    }
}
#pragma warning restore CA1001
