namespace ClawMesh.Edge.Mesh.Transport;

/// <summary>
/// Notes when a byte came in. The web socket keeps pings and pongs to itself; a link that only answers pings is alive all the same
/// ([X-34]: any received byte counts as life).
/// </summary>
/// <param name="bufferBytes">Read ahead so much; 0 for a stream that has a buffer of its own. The web socket asks for a few bytes of header, then for the rest.</param>
internal sealed class ActivityStream(Stream inner, TimeProvider time, int bufferBytes) : Stream
{
    private readonly byte[] _ahead = new byte[bufferBytes];
    private int _from;
    private int _to;
    private long _lastRead = time.GetTimestamp();

    public long LastRead => Interlocked.Read(ref _lastRead);

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_from == _to)
        {
            if (buffer.Length == 0 || buffer.Length >= _ahead.Length) return Noted(await inner.ReadAsync(buffer, cancellationToken));
            (_from, _to) = (0, Noted(await inner.ReadAsync(_ahead, cancellationToken)));
        }

        int taken = Math.Min(buffer.Length, _to - _from);
        _ahead.AsSpan(_from, taken).CopyTo(buffer.Span);
        _from += taken;
        return taken;
    }

    private int Noted(int read)
    {
        if (read > 0) Interlocked.Exchange(ref _lastRead, time.GetTimestamp());
        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => inner.WriteAsync(buffer, cancellationToken);

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => inner.WriteAsync(buffer, offset, count, cancellationToken);

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush() => inner.Flush();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) inner.Dispose();
        base.Dispose(disposing);
    }
}
