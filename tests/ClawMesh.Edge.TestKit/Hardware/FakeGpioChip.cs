using ClawMesh.Edge.Hardware.Buses.Gpio;

namespace ClawMesh.Edge.TestKit.Hardware;

/// <summary>One chip of <see cref="FakeGpio"/>.</summary>
public sealed class FakeGpioChip
{
    private readonly FakeGpio _gpio;
    private int _number;

    internal FakeGpioChip(FakeGpio gpio, string label, string[] lineNames, int number)
    {
        (_gpio, Label, _number) = (gpio, label, number);
        Lines = [.. lineNames.Select((name, offset) => new FakeGpioLine(gpio, offset, name))];
    }

    public string Label { get; }

    public string Name => $"gpiochip{_number}";

    public string Path => $"/dev/{Name}";

    public IReadOnlyList<FakeGpioLine> Lines { get; }

    public bool IsPlugged { get; private set; } = true;

    /// <summary>The user may not open it.</summary>
    public bool Denied { get; set; }

    /// <summary>False is an expander whose interrupt is not wired.</summary>
    public bool ReportsEdges { get; set; } = true;

    /// <summary>Sets fail, as on an expander whose bus is disturbed; called with the logical bits, before anything changes.</summary>
    public Func<ulong, bool>? FailsToSet { get; set; }

    public GpioChip Chip => new(Path, Name, Label, Lines.Count);

    public void Unplug()
    {
        lock (_gpio.Sync)
        {
            IsPlugged = false;
            foreach (FakeGpioLine line in Lines) line.PowerOff();
            Monitor.PulseAll(_gpio.Sync);
        }
    }

    /// <summary>Comes back under another number, as the kernel does it.</summary>
    public void PlugIn()
    {
        lock (_gpio.Sync)
        {
            _number = _gpio.NextNumber();
            IsPlugged = true;
        }
    }
}

/// <summary>One line, seen from outside: electrically.</summary>
public sealed class FakeGpioLine
{
    private readonly FakeGpio _gpio;
    private uint _sequence;

    internal FakeGpioLine(FakeGpio gpio, int offset, string name) => (_gpio, Offset, Name) = (gpio, offset, name);

    public int Offset { get; }

    /// <summary>As the kernel names it; another kernel may do it otherwise.</summary>
    public string Name { get; set; }

    /// <summary>High or low.</summary>
    public bool Level { get; internal set; }

    public bool IsOutput { get; internal set; }

    /// <summary>The consumer; null when nobody holds it.</summary>
    public string? Holder { get; private set; }

    /// <summary>How it was asked for; null when nobody of this process holds it.</summary>
    public GpioRequest? Request => Held?.Request;

    internal FakeGpioLines? Held { get; private set; }

    /// <summary>Another process takes the line.</summary>
    public void TakeBy(string consumer)
    {
        lock (_gpio.Sync) Holder = consumer;
    }

    public void Release()
    {
        lock (_gpio.Sync) (Holder, Held) = (null, null);
    }

    /// <summary>The outside world drives the line; a change is an edge.</summary>
    public void Drive(bool level)
    {
        lock (_gpio.Sync)
        {
            if (Level == level) return;
            Level = level;
            if (Held is not { } held) return;
            bool rising = level != held.Request.ActiveLow;
            if ((held.Request.Edges & (rising ? GpioEdges.Rising : GpioEdges.Falling)) == 0) return;
            held.Push(new GpioEdge(Offset, rising, _gpio.NowNs(), ++_sequence));
            Monitor.PulseAll(_gpio.Sync);
        }
    }

    /// <summary>So many high pulses.</summary>
    public void Pulse(int count)
    {
        for (int i = 0; i < count; i++)
        {
            Drive(true);
            Drive(false);
        }
    }

    /// <summary>Edges that came and found no room.</summary>
    public void LoseEdges(uint count)
    {
        lock (_gpio.Sync) _sequence += count;
    }

    internal void Hold(FakeGpioLines lines)
    {
        (Held, Holder, IsOutput, _sequence) = (lines, lines.Request.Consumer, lines.Request.OutputValues is not null, 0);
    }

    internal void LetGo(FakeGpioLines lines)
    {
        if (Held == lines) (Held, Holder) = (null, null);
    }

    internal void PowerOff() => (Held, Holder, Level, IsOutput) = (null, null, false, false);
}
