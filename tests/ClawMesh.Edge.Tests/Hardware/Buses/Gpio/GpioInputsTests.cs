using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Buses.Gpio;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.TestKit.Hardware;

namespace ClawMesh.Edge.Tests.Hardware.Buses.Gpio;

public sealed class GpioInputsTests : IDisposable
{
    private readonly FakeGpio _gpio = new(new ManualTime());
    private readonly FakeGpioChip _chip;
    private readonly GpioInputs _inputs;
    private readonly List<GpioEdge> _edges = [];
    private readonly List<EdgeException> _gone = [];

    public GpioInputsTests()
    {
        _chip = _gpio.AddChip("chip", "A", "B");
        _inputs = new GpioInputs(_gpio);
    }

    public void Dispose() => _inputs.Dispose();

    [Fact]
    public void Edges_come_in_order_with_their_numbers_whatever_their_number()
    {
        Watch(0);
        Watch(1);

        _chip.Lines[0].Pulse(50);
        _chip.Lines[1].Pulse(1);
        _gpio.Settle();

        GpioEdge[] first = [.. _edges.Where(e => e.Offset == 0)];
        Assert.Equal(Enumerable.Range(1, 100).Select(n => (uint)n), first.Select(e => e.Sequence));
        Assert.All(first.Index(), e => Assert.Equal(e.Index % 2 == 0, e.Item.Rising));
        Assert.Equal(2, _edges.Count(e => e.Offset == 1));
    }

    [Fact]
    public void An_input_that_ends_reports_no_more_and_the_others_do()
    {
        IDisposable first = Watch(0);
        Watch(1);

        first.Dispose();
        _chip.Lines[0].Pulse(1);
        _chip.Lines[1].Pulse(1);
        _gpio.Settle();

        Assert.All(_edges, e => Assert.Equal(1, e.Offset));
    }

    [Fact]
    public void An_unplugged_chip_is_told_once_for_each_input()
    {
        Watch(0);
        Watch(1);

        _chip.Unplug();
        _gpio.Settle();

        Assert.Equal(["gpio.gone", "gpio.gone"], _gone.Select(e => e.Code));
    }

    // When the thread was just about to take an edge, the stand-in used to report a chip that is gone; the kernel's lines say they are closed.
    [Fact]
    public void Lines_given_back_under_it_do_not_end_the_thread()
    {
        IGpioLines lines = Request(0);
        _inputs.Add(lines, _edges.Add, _gone.Add);
        Watch(1);

        _chip.Lines[0].Pulse(1);
        lines.Dispose();
        _chip.Lines[1].Pulse(1);
        _gpio.Settle();

        Assert.Contains(_edges, e => e.Offset == 1);
        Assert.Empty(_gone);
    }

    [Fact]
    public void It_ends_at_once_and_takes_nothing_more()
    {
        Watch(0);

        _inputs.Dispose();
        _inputs.Dispose();

        Assert.Throws<ObjectDisposedException>(() => Watch(1));
    }

    private IDisposable Watch(int line) => _inputs.Add(Request(line), _edges.Add, _gone.Add);

    private IGpioLines Request(int line) => _gpio.Request(new GpioRequest(_chip.Chip, [line], "test") { Edges = GpioEdges.Rising | GpioEdges.Falling });
}
