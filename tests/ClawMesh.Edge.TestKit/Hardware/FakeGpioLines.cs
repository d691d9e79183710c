using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Buses.Gpio;

namespace ClawMesh.Edge.TestKit.Hardware;

/// <summary>Held lines of <see cref="FakeGpio"/>. Released outputs keep their level, as most chips do it.</summary>
internal sealed class FakeGpioLines : IGpioLines
{
    private readonly FakeGpio _gpio;
    private readonly FakeGpioChip _chip;
    private readonly FakeGpioLine[] _lines;
    private readonly Queue<GpioEdge> _edges = [];
    private readonly string _path;
    private bool _disposed;

    public FakeGpioLines(FakeGpio gpio, FakeGpioChip chip, FakeGpioLine[] lines, GpioRequest request)
    {
        (_gpio, _chip, _lines, Request, _path) = (gpio, chip, lines, request, chip.Path);
        foreach (FakeGpioLine line in lines) line.Hold(this);
        if (request.OutputValues is { } values) Set(values, ulong.MaxValue, atRequest: true);
    }

    public GpioRequest Request { get; }

    /// <summary>Whether a waiter is told: edges wait, or the chip has gone.</summary>
    internal bool IsReady => !_disposed && (_edges.Count > 0 || IsGone);

    // A chip that came back is another one.
    private bool IsGone => !_chip.IsPlugged || _chip.Path != _path;

    public ulong Read()
    {
        lock (_gpio.Sync)
        {
            ThrowIfGone();
            ulong bits = 0;
            for (int i = 0; i < _lines.Length; i++) bits |= _lines[i].Level != Request.ActiveLow ? 1UL << i : 0;
            return bits;
        }
    }

    public void Write(ulong values, ulong mask)
    {
        lock (_gpio.Sync)
        {
            ThrowIfGone();
            if (Request.OutputValues is null) throw FakeGpio.Fault("gpio.failed", "The lines are inputs.", FailureClass.BusIo);
            if (_chip.FailsToSet?.Invoke(values) == true) throw FakeGpio.Fault("gpio.failed", "The bus is disturbed.", FailureClass.BusIo);
            Set(values, mask, atRequest: false);
        }
    }

    public int TakeEdges(Span<GpioEdge> edges)
    {
        lock (_gpio.Sync)
        {
            // Unlike a read or a write: the thread of the edges tells lines that were given back from a chip that is gone.
            ObjectDisposedException.ThrowIf(_disposed, this);
            ThrowIfGone();
            int count = 0;
            while (count < edges.Length && _edges.TryDequeue(out GpioEdge edge)) edges[count++] = edge;
            return count;
        }
    }

    public void Dispose()
    {
        lock (_gpio.Sync)
        {
            _disposed = true;
            foreach (FakeGpioLine line in _lines) line.LetGo(this);
        }
    }

    internal void Push(GpioEdge edge) => _edges.Enqueue(edge);

    private void Set(ulong values, ulong mask, bool atRequest)
    {
        ulong levels = 0;
        for (int i = 0; i < _lines.Length; i++)
        {
            if ((mask >> i & 1) != 0) _lines[i].Level = (values >> i & 1) != 0 != Request.ActiveLow;
            if (_lines[i].Level) levels |= 1UL << i;
        }

        _gpio.Writes.Add(new FakeGpioWrite(Request.Consumer, levels, atRequest));
    }

    private void ThrowIfGone()
    {
        if (_disposed) throw FakeGpio.Fault("gpio.gone", $"the lines of '{_chip.Label}' were given up.", FailureClass.DeviceAbsent);
        if (IsGone) throw FakeGpio.Fault("gpio.gone", $"'{_chip.Label}' was unplugged.", FailureClass.DeviceAbsent);
    }
}

/// <summary>Waits as epoll does: level-triggered.</summary>
internal sealed class FakeGpioWaiter(FakeGpio gpio) : IGpioWaiter
{
    private readonly Dictionary<FakeGpioLines, int> _keys = [];
    private bool _waiting;
    private bool _woken;

    /// <summary>Somebody waits, and there is nothing to tell.</summary>
    internal bool IsIdle => _waiting && !_woken && !_keys.Keys.Any(lines => lines.IsReady);

    public void Add(IGpioLines lines, int key)
    {
        lock (gpio.Sync)
        {
            _keys[(FakeGpioLines)lines] = key;
            Monitor.PulseAll(gpio.Sync);
        }
    }

    public void Remove(IGpioLines lines)
    {
        lock (gpio.Sync) _keys.Remove((FakeGpioLines)lines);
    }

    public int Wait(Span<int> keys)
    {
        lock (gpio.Sync)
        {
            _waiting = true;
            int count = 0;
            while (true)
            {
                foreach ((FakeGpioLines lines, int key) in _keys)
                {
                    if (lines.IsReady && count < keys.Length) keys[count++] = key;
                }

                if (count > 0 || _woken) break;
                Monitor.PulseAll(gpio.Sync);
                Monitor.Wait(gpio.Sync);
            }

            (_waiting, _woken) = (false, false);
            return count;
        }
    }

    public void Wake()
    {
        lock (gpio.Sync)
        {
            _woken = true;
            Monitor.PulseAll(gpio.Sync);
        }
    }

    public void Dispose()
    {
        lock (gpio.Sync)
        {
            gpio.Forget(this);
            Monitor.PulseAll(gpio.Sync);
        }
    }
}
