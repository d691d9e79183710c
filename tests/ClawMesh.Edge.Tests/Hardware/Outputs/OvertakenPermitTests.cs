using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Outputs;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Trust;

namespace ClawMesh.Edge.Tests.Hardware.Outputs;

/// <summary>A bus that hangs between a permit and its write.</summary>
public sealed class OvertakenPermitTests
{
    private const string Valve = "actuator:valve:test";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly ManualTime _time = new();
    private readonly TestPermits _permits;

    public OvertakenPermitTests() => _permits = new TestPermits(_time);

    // Used to be written all the same: the read hung between the permit's redemption and the write.
    [Fact]
    public async Task A_read_back_that_hangs_until_the_permit_is_old_leaves_nothing_to_drive()
    {
        var output = new ScriptedOutput(Valve, OutputValue.Inactive);
        output.Reading = () =>
        {
            output.Reading = null;
            _time.Advance(Permit.Lifetime + TimeSpan.FromSeconds(5));
            return OutputValue.Inactive;
        };

        DriveResult result = await output.ApplyAsync(_permits.For(Valve, OutputValue.Active), OutputValue.Active, CancellationToken.None);

        Assert.Equal("permit.expired", result.Refusal?.Code);
        Assert.Empty(output.Writes);
    }

    [Fact]
    public async Task A_safe_state_that_is_asked_for_while_the_read_back_hangs_leaves_nothing_to_drive()
    {
        using var inRead = new ManualResetEventSlim();
        using var letGo = new ManualResetEventSlim();
        var output = new ScriptedOutput(Valve, OutputValue.Inactive);
        output.Reading = () =>
        {
            inRead.Set();
            letGo.Wait(Patience);
            return OutputValue.Inactive;
        };

        Task<DriveResult> drive = Task.Run(() => output.ApplyAsync(_permits.For(Valve, OutputValue.Active), OutputValue.Active, CancellationToken.None));
        Assert.True(inRead.Wait(Patience));
        Task<SafeResult> safe = Task.Run(() => output.MakeSafe(SafeCause.Operator));
        Assert.True(SpinWait.SpinUntil(() => output.IsSafeWaiting, Patience));
        letGo.Set();

        Assert.Equal("permit.overtaken", (await drive.WaitAsync(Patience)).Refusal?.Code);
        await safe.WaitAsync(Patience);
        Assert.DoesNotContain(OutputValue.Active, output.Writes);
    }
}
