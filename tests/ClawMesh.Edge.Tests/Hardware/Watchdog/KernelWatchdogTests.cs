using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Watchdog;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Hardware.Watchdog;

/// <summary>How refusals are told apart; what a real watchdog does is proved where there is one.</summary>
public sealed class KernelWatchdogTests
{
    [Fact]
    public void A_machine_without_one_is_no_failure()
    {
        KernelWatchdogOpen open = KernelWatchdog.Open("/dev/no-such-watchdog", TimeSpan.FromSeconds(10));

        Assert.Equal(new KernelWatchdogOpen(KernelWatchdogState.Absent, null, null), open);
    }

    [Theory]
    [InlineData(16, KernelWatchdogState.Busy, null, null)]
    [InlineData(2, KernelWatchdogState.Absent, null, null)]
    [InlineData(6, KernelWatchdogState.Absent, null, null)]
    [InlineData(19, KernelWatchdogState.Absent, null, null)]
    [InlineData(13, KernelWatchdogState.Failed, "watchdog.no_permission", FailureClass.Auth)]
    [InlineData(1, KernelWatchdogState.Failed, "watchdog.no_permission", FailureClass.Auth)]
    [InlineData(5, KernelWatchdogState.Failed, "watchdog.failed", FailureClass.Infra)]
    public void Each_refusal_has_its_meaning(int error, KernelWatchdogState state, string? code, FailureClass? failureClass)
    {
        KernelWatchdogOpen open = KernelWatchdog.Refused("/dev/watchdog0", error);

        Assert.Equal((state, code, failureClass), (open.State, open.Fault?.Code, open.Fault?.FailureClass));
        Assert.Null(open.Watchdog);
    }

    [Fact]
    public void A_file_that_is_no_watchdog_is_told_and_left_as_it_is()
    {
        using var scratch = new ScratchDirectory();
        string path = scratch.Put("watchdog0", "precious");

        KernelWatchdogOpen open = KernelWatchdog.Open(path, TimeSpan.FromSeconds(10));

        Assert.Equal((KernelWatchdogState.Failed, "watchdog.not_one"), (open.State, open.Fault!.Code));
        Assert.Equal("precious", File.ReadAllText(path));
    }
}
