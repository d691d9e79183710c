namespace ClawMesh.Edge.Benchmarks.Wire;

/// <summary>
/// Below a web socket: passes writes on at once, or gathers them and sends 64 KiB in one system call, so that the tool's own calls
/// are not what limits an ingest figure. Writers may meet: a web socket answers pings by itself.
/// </summary>
internal sealed class BatchStream(Stream inner) : Stream
{
    private readonly byte[] _gathered = new byte[64 * 1024];
    private readonly SemaphoreSlim _gate = new(1);
    private int _count;

    /// <summary>Writes wait for <see cref="ReleaseAsync"/> or a full buffer.</summary>
    public bool Gathers { get; set; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public async Task ReleaseAsync()
    {
        await _gate.WaitAsync();
        try
        {
            await SendGatheredAsync(CancellationToken.None);
        }
        finally
        {
            _gate.Release();
        }
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!Gathers || !_gate.Wait(0, CancellationToken.None)) return new ValueTask(WriteSlowlyAsync(buffer, cancellationToken));
        if (_count + buffer.Length > _gathered.Length)
        {
            _gate.Release();
            return new ValueTask(WriteSlowlyAsync(buffer, cancellationToken));
        }

        Gather(buffer);
        _gate.Release();
        return ValueTask.CompletedTask;
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => inner.ReadAsync(buffer, cancellationToken);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        inner.ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    // Flushing is the tool's decision; the sockets beneath keep nothing back.
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
            _gate.Dispose();
        }

        base.Dispose(disposing);
    }

    private async Task WriteSlowlyAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (Gathers && _count + buffer.Length <= _gathered.Length)
            {
                Gather(buffer);
                return;
            }

            await SendGatheredAsync(cancellationToken);
            if (Gathers && buffer.Length <= _gathered.Length) Gather(buffer);
            else await inner.WriteAsync(buffer, cancellationToken);
        }
        finally
        {
            _gate.Release();
        }
    }

    private void Gather(ReadOnlyMemory<byte> buffer)
    {
        buffer.CopyTo(_gathered.AsMemory(_count));
        _count += buffer.Length;
    }

    private async Task SendGatheredAsync(CancellationToken cancellationToken)
    {
        int count = _count;
        _count = 0;
        if (count > 0) await inner.WriteAsync(_gathered.AsMemory(0, count), cancellationToken);
    }
}
