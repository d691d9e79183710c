using System.Globalization;
using System.Text;

namespace ClawMesh.Edge.Agent.Llm;

/// <summary>
/// Reads one HTTP/1.1 response (RFC 9112) and nothing after it: strict in what it takes, bounded in every part. The caller closes the
/// connection. Every fault is a <see cref="ModelServerException"/> that says what was wrong and nothing of what was said.
/// </summary>
/// <param name="maxBodyBytes">Of the body, framing not counted.</param>
internal sealed class HttpReader(Stream stream, long maxBodyBytes)
{
    /// <summary>Of status line and headers, and of trailers.</summary>
    public const int MaxHeadBytes = 16 * 1024;

    /// <summary>Of one line of the body.</summary>
    public const int MaxLineBytes = 64 * 1024;

    private const int MaxInterim = 4;
    private const int MaxChunkLine = 256;

    private enum Framing
    {
        Length,
        Chunked,
        UntilClose,
    }

    private readonly byte[] _buffer = new byte[16 * 1024];
    // Two of them: between the parts of one line of the body stand the heads of chunks.
    private readonly List<byte> _line = [];
    private readonly List<byte> _headLine = [];
    private ReadOnlyMemory<byte> _piece;
    private Framing _framing;
    private int _start;
    private int _end;
    private int _headLeft;
    private long _left;
    private long _body;
    private bool _chunkOpen;
    private bool _ended;

    public int Status { get; private set; }

    /// <summary>Lower case, without parameters.</summary>
    public string ContentType { get; private set; } = "";

    /// <summary>Reads up to the body, past interim answers.</summary>
    public async ValueTask ReadHeadAsync(CancellationToken cancellationToken)
    {
        _headLeft = MaxHeadBytes;
        for (int interim = 0; interim < MaxInterim; interim++)
        {
            Status = StatusOf(await HeadLineAsync(cancellationToken));
            string? length = null, coding = null;
            while (await HeadLineAsync(cancellationToken) is { Length: > 0 } line) Header(line, ref length, ref coding);
            if (Status < 200) continue;
            Frame(length, coding);
            return;
        }

        throw new ModelServerException("it sent interim answers only");
    }

    /// <summary>The next line of the body without its end; null at the body's end. Valid until the next call.</summary>
    public async ValueTask<ReadOnlyMemory<byte>?> ReadLineAsync(CancellationToken cancellationToken)
    {
        _line.Clear();
        while (true)
        {
            if (_piece.IsEmpty && (_piece = await ReadAsync(cancellationToken)).IsEmpty) return _line.Count == 0 ? default(ReadOnlyMemory<byte>?) : Line();
            int end = _piece.Span.IndexOf((byte)'\n');
            ReadOnlyMemory<byte> part = end < 0 ? _piece : _piece[..end];
            if (_line.Count + part.Length > MaxLineBytes) throw new ModelServerException($"a line of its answer has more than {MaxLineBytes} bytes");
            _line.AddRange(part.Span);
            _piece = end < 0 ? default : _piece[(end + 1)..];
            if (end >= 0) return Line();
        }
    }

    /// <summary>The whole body.</summary>
    public async ValueTask<byte[]> ReadAllAsync(CancellationToken cancellationToken)
    {
        using var whole = new MemoryStream();
        while (await ReadAsync(cancellationToken) is { IsEmpty: false } piece) whole.Write(piece.Span);
        return whole.ToArray();
    }

    /// <summary>The next part of the body; empty at its end. Valid until the next call.</summary>
    private async ValueTask<ReadOnlyMemory<byte>> ReadAsync(CancellationToken cancellationToken)
    {
        if (_left == 0 && !_ended && _framing == Framing.Chunked) await NextChunkAsync(cancellationToken);
        if (_left == 0) _ended = true;
        if (_ended) return default;
        if (_start == _end && !await FillAsync(cancellationToken))
        {
            if (_framing != Framing.UntilClose) throw new ModelServerException("it closed the connection in the middle of its answer");
            _ended = true;
            return default;
        }

        int take = (int)Math.Min(_left, _end - _start);
        if ((_body += take) > maxBodyBytes) throw new ModelServerException($"its answer has more than {maxBodyBytes} bytes");
        ReadOnlyMemory<byte> piece = _buffer.AsMemory(_start, take);
        _start += take;
        if (_framing != Framing.UntilClose) _left -= take;
        return piece;
    }

    private async ValueTask NextChunkAsync(CancellationToken cancellationToken)
    {
        _headLeft = MaxChunkLine;
        if (_chunkOpen && (await HeadLineAsync(cancellationToken)).Length > 0) throw new ModelServerException("a chunk of its answer is longer than it says");
        _headLeft = MaxChunkLine;
        string line = await HeadLineAsync(cancellationToken);
        int extension = line.IndexOf(';', StringComparison.Ordinal);
        string size = (extension < 0 ? line : line[..extension]).TrimEnd();
        if (size.Length is 0 or > 8 || !long.TryParse(size, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _left)) throw new ModelServerException("a chunk of its answer has no size");
        _chunkOpen = true;
        if (_left > 0) return;
        _headLeft = MaxHeadBytes;
        while ((await HeadLineAsync(cancellationToken)).Length > 0)
        {
            // Trailers are allowed and mean nothing here.
            continue;
        }
    }

    /// <summary>A line that ends in CR LF, within what is left of its bound.</summary>
    private async ValueTask<string> HeadLineAsync(CancellationToken cancellationToken)
    {
        _headLine.Clear();
        while (true)
        {
            if (_start == _end && !await FillAsync(cancellationToken)) throw new ModelServerException("it closed the connection before the end of its answer's head");
            byte next = _buffer[_start++];
            if (--_headLeft < 0) throw new ModelServerException("the head of its answer is too long");
            if (next != '\n')
            {
                _headLine.Add(next);
                continue;
            }

            if (_headLine.Count == 0 || _headLine[^1] != '\r') throw new ModelServerException("a line of its answer's head does not end as HTTP wants it");
            _headLine.RemoveAt(_headLine.Count - 1);
            foreach (byte b in _headLine)
            {
                if (b is < 0x20 and not (byte)'\t' or 0x7f) throw new ModelServerException("the head of its answer holds a control character");
            }

            return Encoding.Latin1.GetString([.. _headLine]);
        }
    }

    private static int StatusOf(string line)
    {
        bool known = line.StartsWith("HTTP/1.1 ", StringComparison.Ordinal) || line.StartsWith("HTTP/1.0 ", StringComparison.Ordinal);
        if (!known || line.Length < 12 || (line.Length > 12 && line[12] != ' ') || !int.TryParse(line.AsSpan(9, 3), NumberStyles.None, CultureInfo.InvariantCulture, out int status) || status is < 100 or > 599 or 101)
            throw new ModelServerException("it does not answer in HTTP/1.1");
        return status;
    }

    private void Header(string line, ref string? length, ref string? coding)
    {
        int colon = line.IndexOf(':', StringComparison.Ordinal);
        // A line that begins with a space goes on with the one before: nobody may send that any more.
        if (colon < 1 || line[0] is ' ' or '\t' || line[colon - 1] is ' ' or '\t') throw new ModelServerException("a header of its answer is malformed");
        string value = line[(colon + 1)..].Trim(' ', '\t');
        switch (line[..colon].ToLowerInvariant())
        {
            case "content-length":
                if (length is not null && length != value) throw new ModelServerException("its answer has two lengths");
                length = value;
                break;
            case "transfer-encoding":
                if (coding is not null || !value.Equals("chunked", StringComparison.OrdinalIgnoreCase)) throw new ModelServerException("its answer has a transfer coding other than chunked");
                coding = value;
                break;
            case "content-encoding" when !value.Equals("identity", StringComparison.OrdinalIgnoreCase):
                throw new ModelServerException("its answer is compressed, which was not asked for");
            case "content-type":
                ContentType = value.Split(';')[0].Trim().ToLowerInvariant();
                break;
        }
    }

    private void Frame(string? length, string? coding)
    {
        if (length is not null && coding is not null) throw new ModelServerException("its answer has a length and chunks");
        _framing = coding is not null ? Framing.Chunked : length is not null ? Framing.Length : Framing.UntilClose;
        _left = _framing switch { Framing.Chunked => 0, Framing.UntilClose => long.MaxValue, _ => LengthOf(length!) };
        if (Status is 204 or 304) _ended = true;
    }

    private static long LengthOf(string text) =>
        text.Length is > 0 and <= 12 && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long length) ? length : throw new ModelServerException("the length of its answer is no number");

    private async ValueTask<bool> FillAsync(CancellationToken cancellationToken)
    {
        (_start, _end) = (0, 0);
        _end = await stream.ReadAsync(_buffer, cancellationToken);
        return _end > 0;
    }

    private byte[] Line()
    {
        if (_line.Count > 0 && _line[^1] == '\r') _line.RemoveAt(_line.Count - 1);
        return [.. _line];
    }
}
