using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Buses.I2c;
using ClawMesh.Edge.TestKit.Hardware;

namespace ClawMesh.Edge.Tests.Hardware.Buses;

public sealed class LazyBusTests
{
    private readonly FakeI2cBus _adapter = new();
    private int _opened;

    [Fact]
    public void An_adapter_is_opened_by_its_first_transfer_and_again_after_it_was_given_up()
    {
        _adapter.Add(0x20, new FakeByteChip());
        using LazyI2cBus bus = Lazy();

        Assert.Equal(0, _opened);
        bus.ReadRegister(0x20, 0);
        bus.ReadRegister(0x20, 0);
        Assert.Equal(1, _opened);
        bus.Reopen();
        Assert.Equal(1, _opened);
        bus.ReadRegister(0x20, 0);
        Assert.Equal(2, _opened);
    }

    [Fact]
    public void A_transfer_that_hangs_keeps_nobody_from_recovering_or_closing()
    {
        _adapter.Add(0x20, new FakeByteChip());
        _adapter.Fail(0x20, FakeI2cFault.Hang);
        LazyI2cBus bus = Lazy();
        using var started = new ManualResetEventSlim();
        var hanging = new Thread(() =>
        {
            started.Set();
            bus.ReadRegister(0x20, 0);
        });
        hanging.Start();
        started.Wait(TestContext.Current.CancellationToken);

        bus.Reopen();
        bus.Dispose();

        _adapter.Fail(0x20, FakeI2cFault.None);
        hanging.Join();
    }

    [Fact]
    public void A_bus_that_is_not_there_is_a_fault_of_each_transfer()
    {
        using var bus = new LazyI2cBus(() => new FakePorts().OpenI2c("/dev/i2c-9"), "i2c-9");

        Assert.Equal("i2c.no_adapter", Assert.Throws<EdgeException>(() => bus.ReadRegister(0x20, 0)).Code);
        Assert.Equal("i2c.no_adapter", Assert.Throws<EdgeException>(() => bus.ReadRegister(0x20, 0)).Code);
    }

    private LazyI2cBus Lazy() => new(
        () =>
        {
            _opened++;
            return _adapter;
        },
        "i2c-1");
}
