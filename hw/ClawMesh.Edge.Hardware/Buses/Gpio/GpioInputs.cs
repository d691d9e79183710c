using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Hardware.Buses.Gpio;

/// <summary>
/// One thread that waits for the edges of all inputs of a site. It starts with the first input. Bounded by the site's entries.
/// Thread-safe.
/// </summary>
public sealed class GpioInputs(IGpioPort port) : IDisposable
{
    // What one input may report before the others have their turn: a contact that chatters must not starve them.
    private const int EdgesInTurn = 16;
    private const int KeysAtOnce = 16;

    // A chip that says ready and has nothing would spin the thread; a spurious wake-up or two is normal.
    private const int MaxEmptyTurns = 1_000;

    private static readonly TimeSpan StopLimit = TimeSpan.FromMilliseconds(500);

    private readonly Lock _lock = new();
    private readonly Dictionary<int, Input> _inputs = [];
    private IGpioWaiter? _waiter;
    private Thread? _thread;
    private int _lastKey;
    private bool _stopped;

    /// <summary>
    /// Reports each edge of the lines, in order, on the thread of this object. Both callbacks must not block and must not throw. After
    /// <paramref name="onGone"/> nothing more comes; the lines remain the caller's.
    /// </summary>
    /// <returns>Ends the reports. A report that is on its way may still come.</returns>
    /// <exception cref="EdgeException"><c>gpio.failed</c>.</exception>
    public IDisposable Add(IGpioLines lines, Action<GpioEdge> onEdge, Action<EdgeException> onGone)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_stopped, this);
            _waiter ??= port.OpenWaiter();
            var input = new Input(this, ++_lastKey, lines, onEdge, onGone);
            _inputs.Add(input.Key, input);
            try
            {
                _waiter.Add(lines, input.Key);
            }
            catch
            {
                _inputs.Remove(input.Key);
                throw;
            }

            _thread ??= StartThread(_waiter);
            return input;
        }
    }

    public void Dispose()
    {
        Thread? thread;
        lock (_lock)
        {
            if (_stopped) return;
            _stopped = true;
            _inputs.Clear();
            thread = _thread;
        }

        _waiter?.Wake();
        if (thread is null || thread.Join(StopLimit)) _waiter?.Dispose();
    }

    private Thread StartThread(IGpioWaiter waiter)
    {
        var thread = new Thread(() => Run(waiter), maxStackSize: 256 * 1024) { IsBackground = true, Name = "gpio-edges" };
        thread.Start();
        return thread;
    }

    private void Run(IGpioWaiter waiter)
    {
        Span<int> keys = stackalloc int[KeysAtOnce];
        Span<GpioEdge> edges = stackalloc GpioEdge[EdgesInTurn];
        while (true)
        {
            int ready;
            try
            {
                ready = waiter.Wait(keys);
            }
            catch (EdgeException e)
            {
                GiveUp(e);
                return;
            }

            foreach (int key in keys[..ready])
            {
                Input? input;
                lock (_lock) _inputs.TryGetValue(key, out input);
                if (input is not null) Report(input, edges);
            }

            lock (_lock)
            {
                if (_stopped) return;
            }
        }
    }

    private void Report(Input input, Span<GpioEdge> edges)
    {
        try
        {
            int count = input.Lines.TakeEdges(edges);
            input.EmptyTurns = count == 0 ? input.EmptyTurns + 1 : 0;
            if (input.EmptyTurns > MaxEmptyTurns) throw GpioFaults.Gone(input.Lines.Request.Chip);
            foreach (GpioEdge edge in edges[..count]) input.OnEdge(edge);
        }
        catch (EdgeException e)
        {
            if (Remove(input)) input.OnGone(e);
        }
        catch (ObjectDisposedException)
        {
            // Its owner gave the lines back in this very moment.
            Remove(input);
        }
    }

    private void GiveUp(EdgeException why)
    {
        Input[] all;
        lock (_lock)
        {
            all = [.. _inputs.Values];
            _inputs.Clear();
            // The next input gets a fresh waiter and thread.
            _waiter?.Dispose();
            (_waiter, _thread) = (null, null);
        }

        foreach (Input input in all) input.OnGone(why);
    }

    private bool Remove(Input input)
    {
        lock (_lock)
        {
            if (!_inputs.Remove(input.Key)) return false;
            _waiter?.Remove(input.Lines);
            return true;
        }
    }

    private sealed class Input(GpioInputs owner, int key, IGpioLines lines, Action<GpioEdge> onEdge, Action<EdgeException> onGone) : IDisposable
    {
        public int Key => key;

        public IGpioLines Lines => lines;

        public Action<GpioEdge> OnEdge => onEdge;

        public Action<EdgeException> OnGone => onGone;

        /// <summary>How often in a row it was ready and had nothing.</summary>
        public int EmptyTurns { get; set; }

        public void Dispose() => owner.Remove(this);
    }
}
