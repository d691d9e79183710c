using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Storage;

namespace ClawMesh.Edge.Mesh.Origin;

/// <summary>
/// This node as an origin: its epoch, its numbers, its signature ([X-12] to ). Numbers are reserved in durable blocks before they
/// are used, so that none is used twice whatever happens to the power. Thread-safe.
/// </summary>
public sealed class OwnFrames
{
    /// <summary>Numbers reserved at once; the next block is asked for when half of one is used.</summary>
    public const int Block = 1_024;

    /// <summary>A disk that takes longer to reserve numbers counts as away: alarms must not wait for it.</summary>
    private static readonly TimeSpan MaxReserveWait = TimeSpan.FromSeconds(2);

    /// <summary>The setting that holds the epoch and the last reserved number.</summary>
    public const string SettingKey = "mesh.sequence";

    private readonly Lock _lock = new();
    private readonly ISigner _signer;
    private readonly TimeProvider _time;
    private readonly ISettingsStore? _settings;
    private readonly Func<byte[]> _chance;
    private long _used;
    private long _reserved;
    private bool _reserving;
    private long _reservingSince;
    private bool _wantsMore;
    private bool _stopped;

    /// <param name="chance">Random bytes, at least 2.</param>
    /// <param name="settings">Null: epoch and numbers live in memory.</param>
    public OwnFrames(ISigner signer, TimeProvider time, ISettingsStore? settings, Func<byte[]> chance)
    {
        (_signer, _time, _settings, _chance) = (signer, time, settings, chance);
        Clock = new HybridClock(signer.DeviceId);
        if (settings?.Get(SettingKey) is { } kept && kept.Split(' ') is [{ Length: 16 } epoch, { } last] && HybridClock.IsHex(epoch)
            && long.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out long reserved))
        {
            (Epoch, _used, _reserved) = (epoch, reserved, reserved);
        }
    }

    public HybridClock Clock { get; }

    /// <summary>This life of the node's store; null until it is chosen.</summary>
    public string? Epoch { get; private set; }

    /// <summary>The last number that was used or is reserved to an earlier life.</summary>
    public long Used
    {
        get
        {
            lock (_lock) return _used;
        }
    }

    /// <summary>Whether a frame can be numbered now. Asks for numbers when none are left.</summary>
    public bool EnsureReady()
    {
        lock (_lock)
        {
            if (_stopped || Epoch is null) return false;
            if (_used < _reserved) return true;
            if (_reserving && _time.GetElapsedTime(_reservingSince) >= MaxReserveWait) GoOnInMemory();
        }

        Reserve();
        lock (_lock) return !_stopped && _used < _reserved;
    }

    /// <summary>Begins an epoch above every life that is known to be genuine ([X-14]).</summary>
    /// <param name="above">The highest epoch seen in a frame this node signed; null when there is none.</param>
    public void Begin(string? above)
    {
        lock (_lock)
        {
            Epoch = NewEpoch(above);
            (_used, _reserved) = (0, 0);
            _wantsMore = _reserving;
        }

        Reserve();
    }

    /// <summary>Asks for the next block, unless one is being written. Call it once at the start of a node that carries on.</summary>
    public void Reserve()
    {
        string epoch;
        long upTo;
        lock (_lock)
        {
            if (Epoch is null || _reserving || _stopped) return;
            _reserving = true;
            _reservingSince = _time.GetTimestamp();
            (epoch, upTo) = (Epoch, Math.Max(_used, _reserved) + Block);
        }

        if (_settings is null) Reserved(epoch, upTo, durable: true);
        else _ = ReserveAsync(_settings, epoch, upTo);
    }

    /// <summary>Says durably that the numbers beyond the last used one are free, so that a clean stop leaves no gap. After it nothing may be numbered.</summary>
    public async Task StopAsync()
    {
        string text;
        lock (_lock)
        {
            _stopped = true;
            if (Epoch is null || _settings is null || _reserved == 0) return;
            _reserved = _used;
            text = Text(Epoch, _used);
        }

        // Where it cannot be written the block stays reserved; its rest is void after the next start.
        await SettingNote.TryWriteAsync(_settings, SettingKey, text);
    }

    /// <summary>Adds epoch, number, time and signature to the JSON of a frame; null while there is no number to give.</summary>
    /// <param name="utf8">An object without the four members.</param>
    /// <exception cref="FormatException">The frame has no canonical form.</exception>
    public byte[]? Sign(ReadOnlySpan<byte> utf8, string meshId, out long number)
    {
        number = 0;
        if (!EnsureReady()) return null;
        string epoch, hlc;
        bool half;
        lock (_lock)
        {
            if (_stopped || Epoch is null || _used >= _reserved) return null;
            number = ++_used;
            epoch = Epoch;
            hlc = Clock.Create(_time.GetUtcNow().ToUnixTimeMilliseconds());
            half = _reserved - _used < Block / 2;
        }

        if (half) Reserve();
        byte[] members = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $",\"epoch\":\"{epoch}\",\"seq\":{number},\"hlc\":\"{hlc}\"}}"));
        byte[] unsigned = [.. utf8[..^1], .. members];
        byte[] canonical = CanonicalOf(unsigned);
        string signature = Base64Url.EncodeToString(_signer.Sign(FrameSignature.Signed(meshId, canonical)));
        byte[] signed = [.. unsigned.AsSpan(0, unsigned.Length - 1), .. ",\"sig\":\""u8, .. Encoding.ASCII.GetBytes(signature), .. "\"}"u8];
        // What is sent must mean what was signed, whoever parses it ([X-4]).
        if (!CanonicalOf(signed).AsSpan().SequenceEqual(canonical)) throw new FormatException("The signed frame does not read as what was signed.");
        return signed;
    }

    private static byte[] CanonicalOf(byte[] utf8)
    {
        using JsonDocument document = JsonDocument.Parse(utf8);
        return FrameSignature.Canonical(document.RootElement);
    }

    private static string Text(string epoch, long last) => string.Create(CultureInfo.InvariantCulture, $"{epoch} {last}");

    private async Task ReserveAsync(ISettingsStore settings, string epoch, long upTo)
    {
        Reserved(epoch, upTo, await SettingNote.TryWriteAsync(settings, SettingKey, Text(epoch, upTo)));
    }

    private void Reserved(string epoch, long upTo, bool durable)
    {
        bool anew, again;
        lock (_lock)
        {
            _reserving = false;
            if (_stopped) return;
            again = _wantsMore;
            _wantsMore = false;
            if (durable && epoch == Epoch) (_reserved, InMemory) = (Math.Max(_reserved, upTo), false);
            // Without a disk the numbers of an epoch on disk must not be used up; an epoch of this process alone can be ([X-81]).
            anew = !durable && epoch == Epoch && _used >= _reserved;
            if (anew) GoOnInMemory();
        }

        if (again) Reserve();
    }

    /// <summary>The epoch is not on disk: the disk is away, and the next life begins another.</summary>
    public bool InMemory { get; private set; }

    private void GoOnInMemory()
    {
        if (!InMemory) StartInMemory();
        _reserved = _used + Block;
    }

    // An epoch that may be on disk, or may still come there, is left alone.
    private void StartInMemory()
    {
        InMemory = true;
        if (_used == 0 && _reserved == 0 && !_reserving) return;
        Epoch = NewEpoch(Epoch);
        (_used, _reserved) = (0, 0);
    }

    // The time, above that of another epoch, and chance.
    private string NewEpoch(string? above)
    {
        long ms = Math.Max(_time.GetUtcNow().ToUnixTimeMilliseconds(), 0);
        if (above is not null && long.TryParse(above.AsSpan(0, 12), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long known) && ms <= known) ms = known + 1;
        byte[] chance = _chance();
        return string.Create(CultureInfo.InvariantCulture, $"{ms & 0xffffffffffff:x12}{chance[0]:x2}{chance[1]:x2}");
    }
}
