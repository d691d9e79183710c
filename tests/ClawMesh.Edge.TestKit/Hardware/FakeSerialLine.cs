using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Buses.Serial;

namespace ClawMesh.Edge.TestKit.Hardware;

/// <summary>A serial line on a manual clock: waiting for bytes that do not come moves the clock.</summary>
/// <param name="answer">What comes back for what was written, in pieces, each after its delay.</param>
public sealed class FakeSerialLine(ManualTime time, Func<byte[], IEnumerable<(TimeSpan After, byte[] Bytes)>> answer) : ISerialLine
{
    private readonly Queue<(TimeSpan At, byte[] Bytes)> _coming = new();
    private TimeSpan _now;

    public FakeSerialLine(ManualTime time, FakeModbusStation station)
        : this(time, request => station.Answer(request) is { Length: > 0 } bytes ? [(TimeSpan.FromMilliseconds(5), bytes)] : [])
    {
    }

    public string Device => "/dev/ttyFAKE";

    public List<byte[]> Written { get; } = [];

    public int Reopened { get; private set; }

    /// <summary>The port fails from now on, until it is opened again.</summary>
    public bool Broken { get; set; }

    /// <summary>Puts bytes on the line that nobody asked for.</summary>
    public void Arrive(byte[] bytes) => _coming.Enqueue((_now, bytes));

    public void Write(ReadOnlySpan<byte> bytes)
    {
        FailIfBroken();
        byte[] request = bytes.ToArray();
        Written.Add(request);
        TimeSpan at = _now;
        foreach ((TimeSpan after, byte[] piece) in answer(request)) _coming.Enqueue((at += after, piece));
    }

    public int Read(Span<byte> bytes, TimeSpan timeout)
    {
        FailIfBroken();
        if (!_coming.TryPeek(out (TimeSpan At, byte[] Bytes) next) || next.At > _now + timeout)
        {
            Advance(timeout);
            return 0;
        }

        if (next.At > _now) Advance(next.At - _now);
        _coming.Dequeue();
        next.Bytes.CopyTo(bytes);
        return next.Bytes.Length;
    }

    public void DiscardInput()
    {
        FailIfBroken();
        while (_coming.TryPeek(out (TimeSpan At, byte[] Bytes) next) && next.At <= _now) _coming.Dequeue();
    }

    public void Reopen()
    {
        Reopened++;
        Broken = false;
    }

    public void Dispose()
    {
    }

    private void Advance(TimeSpan by)
    {
        _now += by;
        time.Advance(by);
    }

    private void FailIfBroken()
    {
        if (Broken) throw new EdgeException("serial.failed", "The port failed.", "The test wants it so.", "Open it again.", FailureClass.BusIo);
    }
}
