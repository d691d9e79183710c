namespace ClawMesh.Edge.Hardware.Buses.Serial;

/// <summary>Opens a line at its first use. A request and its answer are one caller's; the protocol above holds the lock for both.</summary>
internal sealed class LazySerialLine(Func<ISerialLine> open, string name) : ISerialLine
{
    private ISerialLine? _line;

    public string Device => _line?.Device ?? name;

    public void Write(ReadOnlySpan<byte> bytes) => Line().Write(bytes);

    public int Read(Span<byte> bytes, TimeSpan timeout) => Line().Read(bytes, timeout);

    public void DiscardInput() => Line().DiscardInput();

    public void Reopen()
    {
        _line?.Dispose();
        _line = null;
    }

    public void Dispose() => Reopen();

    private ISerialLine Line() => _line ??= open();
}
