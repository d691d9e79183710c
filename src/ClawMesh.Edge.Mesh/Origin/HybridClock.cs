using System.Buffers;
using System.Globalization;
using ClawMesh.Edge.Core.Identity;

namespace ClawMesh.Edge.Mesh.Origin;

/// <summary>
/// The hybrid logical clock of: milliseconds, a counter among equal milliseconds, the origin. Its texts order as its times do.
/// Thread-safe; told the wall time, never asking for it.
/// </summary>
public sealed class HybridClock(NodeId self)
{
    /// <summary>A verified time further ahead than this does not move the clock.</summary>
    public const long MaxSkewMs = 60_000;

    /// <summary>Added to the saved time at the start: what was told after the last save lies below.</summary>
    public const long RestartMarginMs = 10_000;

    /// <summary>Characters of a text: 12 + 1 + 4 + 1 + 8.</summary>
    public const int TextLength = 26;

    // What twelve digits hold.
    private const long MaxMs = 0xffffffffffff;

    private const int MaxCounter = 0xffff;
    private const int SuffixLength = 8;

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    private readonly Lock _lock = new();
    private long _ms;
    private int _counter;

    /// <summary>The state: milliseconds and counter.</summary>
    public (long Ms, int Counter) State
    {
        get
        {
            lock (_lock) return (_ms, _counter);
        }
    }

    /// <summary>Carries on from an earlier life.</summary>
    public void Restore(long ms, int counter = 0)
    {
        lock (_lock)
        {
            if (ms > _ms && ms <= MaxMs) (_ms, _counter) = (ms, counter);
        }
    }

    /// <summary>The text for a frame created now.</summary>
    public string Create(long nowMs)
    {
        lock (_lock)
        {
            if (nowMs > _ms) (_ms, _counter) = (nowMs, 0);
            else Next();
            return Text(_ms, _counter, self.Value);
        }
    }

    /// <summary>Takes the time of a verified frame into account. False: it lies too far ahead and moved nothing.</summary>
    public bool Accept(string hlc, long nowMs) => TryRead(hlc, out long ms, out int counter) && Accept(ms, counter, nowMs);

    /// <inheritdoc cref="Accept(string, long)"/>
    public bool Accept(long ms, int counter, long nowMs)
    {
        if (ms > nowMs + MaxSkewMs) return false;
        lock (_lock)
        {
            long newest = Math.Max(Math.Max(_ms, ms), nowMs);
            int largest = Math.Max(newest == _ms ? _counter : -1, newest == ms ? counter : -1);
            (_ms, _counter) = (newest, largest);
            if (largest < 0) _counter = 0;
            else Next();
            return true;
        }
    }

    /// <summary>Whether a text has the form of and ends with the start of its origin's id.</summary>
    public static bool IsWellFormed(string text, string origin) =>
        TryRead(text, out _, out _) && text.AsSpan(TextLength - SuffixLength).SequenceEqual(origin.AsSpan(0, SuffixLength));

    /// <summary>The milliseconds and the counter of a text.</summary>
    public static bool TryRead(string text, out long ms, out int counter)
    {
        (ms, counter) = (0, 0);
        return text.Length == TextLength && text[12] == '-' && text[17] == '-' && IsHex(text.AsSpan(0, 12)) && IsHex(text.AsSpan(13, 4)) && IsHex(text.AsSpan(18))
            && long.TryParse(text.AsSpan(0, 12), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ms)
            && int.TryParse(text.AsSpan(13, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out counter);
    }

    internal static bool IsHex(ReadOnlySpan<char> text) => !text.ContainsAnyExcept(HexDigits);

    private static string Text(long ms, int counter, string origin) => string.Create(CultureInfo.InvariantCulture, $"{ms:x12}-{counter:x4}-{origin.AsSpan(0, SuffixLength)}");

    private void Next()
    {
        if (++_counter <= MaxCounter) return;
        (_ms, _counter) = (_ms + 1, 0);
    }
}
