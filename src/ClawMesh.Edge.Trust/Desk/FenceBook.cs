using System.Text.Json;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Storage;
using ClawMesh.Edge.Core.Time;
using ClawMesh.Edge.Trust.Safety;

namespace ClawMesh.Edge.Trust.Desk;

/// <summary>
/// Grants fences ([X-48]) and keeps them across restarts. One entry for each output of the site and one number for all that the site
/// has no more, so a number never goes back. A lease of an earlier life that may still run is held for its full length again, by the
/// same holder: nobody knows how long the node was away, and its holder may count on it.
/// </summary>
#pragma warning disable CA1001 // The semaphore's wait handle is never asked for, so there is nothing to release.
internal sealed class FenceBook(
    IReadOnlyDictionary<string, OutputSlot> slots, ISettingsStore settings, IClockStatus clock, TimeProvider time, Func<DateTimeOffset?> journalResetAt)
{
    private const string Key = "desk.fences";

    // Under the empty name: the highest number of outputs that are gone.
    private const string Gone = "";

    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Lock _loading = new();
    private readonly Dictionary<string, (string Holder, long TtlMs, long UntilMs)> _written = new(StringComparer.Ordinal);
    private string _known = "";
    private long _floor;
    private bool _unreadable;

    /// <summary>Takes over the fences of an earlier life, as soon as the journal can be read. If they cannot be understood, every output is held and none is granted.</summary>
    public void Load()
    {
        if (settings.Get(Key) is not { Length: > 0 } text) return;
        lock (_loading)
        {
            if (text == _known) return;
            _known = text;
            try
            {
                using JsonDocument document = JsonDocument.Parse(text);
                foreach (JsonProperty entry in document.RootElement.EnumerateObject())
                {
                    long number = entry.Value.GetProperty("n").GetInt64();
                    if (entry.Name == Gone || !slots.TryGetValue(entry.Name, out OutputSlot? slot)) _floor = Math.Max(_floor, number);
                    else Restore(slot, number, entry.Value.GetProperty("by").GetString()!, entry.Value.GetProperty("ttl").GetInt64(), entry.Value.GetProperty("until").GetInt64());
                }
            }
            catch (Exception broken) when (broken is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or ArgumentOutOfRangeException)
            {
                _unreadable = true;
                foreach (OutputSlot slot in slots.Values)
                {
                    lock (slot.Sync) slot.Fence = Lease(slot.Fence.Number, "somebody unknown", FenceRequest.Longest);
                }
            }
        }
    }

    /// <summary>Grants or renews; the number is on disk before anybody is told.</summary>
    /// <exception cref="EdgeException"><c>JOURNAL_UNAVAILABLE</c>: nothing was granted.</exception>
    public async Task<(Fence Fence, Refusal? Refusal)> GrantAsync(OutputSlot slot, Caller caller, TimeSpan timeToLive, CancellationToken cancellationToken)
    {
        // One at a time: two numbers must not both come after the same one.
        await _turn.WaitAsync(cancellationToken);
        try
        {
            Load();
            if (_unreadable)
                return (Fence.None, new Refusal(GateCodes.JournalUnavailable, "the fences of the node's last life cannot be read, so no number is known to be new", "clawmesh-edge journal reset begins anew."));

            Fence current = Current(slot);
            bool held = current.IsHeld(time.GetTimestamp());
            bool own = held && current.Holder == caller.SenderKey;
            if (held && !own && caller.Kind != CallerKind.Operator) return (current, new Refusal(GateCodes.FenceHeld, current.Told));

            Fence granted = Lease(own ? current.Number : Next(current.Number), caller.SenderKey, timeToLive);
            await SaveAsync(slot, granted, timeToLive, cancellationToken);
            // The disk takes its time; the lease counts from its answer.
            granted = Lease(granted.Number, granted.Holder, timeToLive);
            lock (slot.Sync) slot.Fence = granted;
            return (granted, null);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Ends a lease at once, on disk as soon as it can be: one that comes back after a restart ends by itself.</summary>
    public async Task<(Fence Fence, Refusal? Refusal)> ReleaseAsync(OutputSlot slot, Caller caller, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            Fence current = Current(slot);
            if (!current.IsHeld(time.GetTimestamp())) return (current with { UntilMs = 0 }, null);
            if (current.Holder != caller.SenderKey && caller.Kind != CallerKind.Operator) return (current, new Refusal(GateCodes.FenceHeld, current.Told));
            Fence free = current with { Holder = "", UntilMs = 0 };
            lock (slot.Sync) slot.Fence = free;
            lock (_loading) _written[slot.Id.Value] = ("", 0, 0);
            try
            {
                if (!_unreadable) await SaveAsync(slot, free, TimeSpan.Zero, CancellationToken.None);
            }
            catch (EdgeException unavailable) when (unavailable.Code == GateCodes.JournalUnavailable)
            {
                return (free, null);
            }

            return (free, null);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>The test of. Holds the slot's lock for a moment; may be called with it held.</summary>
    public Refusal? Judge(OutputSlot slot, Caller caller, long? number)
    {
        Fence fence = Current(slot);
        bool held = fence.IsHeld(time.GetTimestamp());
        bool own = held && fence.Holder == caller.SenderKey;
        if (own && (number is null || number == fence.Number)) return null;
        if (number is null && !held) return null;
        return new Refusal(
            GateCodes.FencedOut,
            held ? number is { } given ? $"the command carries fence {given}; {fence.Told}" : $"{fence.Told}, and nobody else commands this output until then"
                : $"the command carries fence {number}, which nobody holds now");
    }

    private static Fence Current(OutputSlot slot)
    {
        lock (slot.Sync) return slot.Fence;
    }

    // An output of a site that was changed and a journal that was reset must not begin at 1 again: an instant is above all counts.
    private long Next(long current)
    {
        long floor;
        lock (_loading) floor = _floor;
        return Math.Max(Math.Max(current, floor), current == 0 && journalResetAt() is { } reset ? reset.ToUnixTimeMilliseconds() : 0) + 1;
    }

    private Fence Lease(long number, string holder, TimeSpan timeToLive) => new(
        number, holder, time.GetTimestamp() + (long)(timeToLive.TotalSeconds * time.TimestampFrequency), (time.GetUtcNow() + timeToLive).ToUnixTimeMilliseconds());

    private void Restore(OutputSlot slot, long number, string holder, long ttlMs, long untilMs)
    {
        bool over = clock.Class != ClockClass.Unsynchronised && !clock.IsBehindJournal && time.GetUtcNow() - DeskOptions.FutureTolerance > DateTimeOffset.FromUnixTimeMilliseconds(untilMs);
        var ttl = TimeSpan.FromMilliseconds(Math.Clamp(ttlMs, 0, (long)FenceRequest.Longest.TotalMilliseconds));
        lock (slot.Sync)
        {
            if (number <= slot.Fence.Number) return;
            slot.Fence = Lease(number, over ? "" : holder, ttl);
        }

        _written[slot.Id.Value] = (over ? "" : holder, ttlMs, untilMs);
    }

    private async Task SaveAsync(OutputSlot changed, Fence to, TimeSpan ttl, CancellationToken cancellationToken)
    {
        (string, long, long) lease = (to.Holder, (long)ttl.TotalMilliseconds, to.UntilMs);
        string text;
        lock (_loading) text = Written(changed, to.Number, lease);
        await settings.SetAsync(Key, text, cancellationToken);
        lock (_loading) (_known, _written[changed.Id.Value]) = (text, lease);
    }

    private string Written(OutputSlot changed, long number, (string Holder, long TtlMs, long UntilMs) lease)
    {
        using var buffer = new MemoryStream();
        using (var w = new Utf8JsonWriter(buffer))
        {
            w.WriteStartObject();
            if (_floor > 0)
            {
                w.WriteStartObject(Gone);
                w.WriteNumber("n", _floor);
                w.WriteEndObject();
            }

            foreach (OutputSlot slot in slots.Values)
            {
                long n = slot == changed ? number : Current(slot).Number;
                if (n == 0) continue;
                (string holder, long ttlMs, long untilMs) = slot == changed ? lease : _written.GetValueOrDefault(slot.Id.Value, ("", 0, 0));
                w.WriteStartObject(slot.Id.Value);
                w.WriteNumber("n", n);
                w.WriteString("by", holder);
                w.WriteNumber("ttl", ttlMs);
                w.WriteNumber("until", untilMs);
                w.WriteEndObject();
            }

            w.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }
}
#pragma warning restore CA1001
