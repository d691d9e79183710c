using System.Text.Json.Nodes;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Time;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Trust.Desk;

namespace ClawMesh.Edge.Tests.Trust.Desk;

/// <summary>Fences: who gets one, what the executor makes of it, and what a restart leaves of it.</summary>
[Trait("spec", "X-48")]
public sealed class FenceTests : IAsyncDisposable
{
    private static readonly string Valve = PermitDesk.Valve.Value;
    private static readonly Caller One = Desks.MightyPeer;
    private static readonly Caller Other = Caller.Peer(new NodeId(new string('c', NodeId.Length)), ["actuator:valve:*"], mayApprove: true);
    private static readonly Caller Anna = Caller.Operator("operator:anna");
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly PermitDesk _desk = new();

    public ValueTask DisposeAsync() => _desk.DisposeAsync();

    [Fact]
    public async Task A_new_holder_gets_the_next_number_and_a_renewal_keeps_it()
    {
        FenceAnswer first = await TakeAsync(One);
        Assert.Equal((1, NowMs + 60_000, null), (first.Fence, first.ExpiresAtMs, first.Refusal));
        _desk.Time.Advance(TimeSpan.FromSeconds(30));
        FenceAnswer renewed = await TakeAsync(One);
        Assert.Equal((1, NowMs + 60_000), (renewed.Fence, renewed.ExpiresAtMs));

        FenceAnswer held = await TakeAsync(Other);
        Assert.Equal((GateCodes.FenceHeld, NowMs + 60_000), (held.Refusal?.Code, held.ExpiresAtMs));

        _desk.Time.Advance(Minute);
        Assert.Equal(2, (await TakeAsync(Other)).Fence);
        Assert.Equal(0, (await GiveBackAsync(Other)).ExpiresAtMs);
        // The same device again, but a holder anew.
        Assert.Equal(3, (await TakeAsync(Other)).Fence);
        Assert.Equal(GateCodes.FenceHeld, (await GiveBackAsync(One)).Refusal?.Code);
    }

    [Fact]
    public async Task It_needs_a_grant_for_an_output_that_is_here()
    {
        Caller pumps = Caller.Peer(PermitDesk.Peer, ["actuator:pump:*"], mayApprove: true);

        Assert.Equal(GateCodes.NotAuthorized, (await TakeAsync(pumps)).Refusal?.Code);
        Assert.Equal(GateCodes.NotAuthorized, (await GiveBackAsync(pumps)).Refusal?.Code);
        Assert.Equal(GateCodes.TargetUnknown, (await TakeAsync(One, target: "actuator:valve:V9")).Refusal?.Code);
        Assert.Null(_desk.Journal.Get("desk.fences"));
    }

    [Fact]
    public async Task An_operator_takes_it_from_its_holder_and_the_journal_says_so()
    {
        await TakeAsync(One);
        FenceAnswer taken = await TakeAsync(Anna);

        Assert.Equal((2, null), (taken.Fence, taken.Refusal));
        Assert.Equal(GateCodes.FencedOut, await CodeAsync(One));
        Assert.Equal(GateCodes.FencedOut, await CodeAsync(One, fence: 1));
        Assert.Equal(GateCodes.Ok, await CodeAsync(Anna));
        Assert.Contains(_desk.Journal.Records, r => r is { Type: JournalRecordType.Operator, Code: "fence", ActuatorRef: "actuator:valve:V1" } && r.Body.Contains("operator:anna", StringComparison.Ordinal));
        Assert.Equal("operator:anna", _desk.Desk.Outputs()[0].Fence?.Holder);

        // And ends another's without wanting it.
        await GiveBackAsync(Caller.Operator("operator:bob"));
        Assert.Equal(GateCodes.Ok, await CodeAsync(One));
    }

    [Fact]
    [Trait("spec", "X-49")]
    public async Task The_holder_commands_with_its_number_or_without_and_nobody_else_does()
    {
        await TakeAsync(One);

        Assert.Equal(GateCodes.Ok, await CodeAsync(One, fence: 1));
        Assert.Equal(GateCodes.Ok, await CodeAsync(One));
        foreach (long wrong in (long[])[0, 2, -1]) Assert.Equal(GateCodes.FencedOut, await CodeAsync(One, fence: wrong));
        Assert.Equal(GateCodes.FencedOut, await CodeAsync(Other));
        // The right number does not help the wrong device.
        Assert.Equal(GateCodes.FencedOut, await CodeAsync(Other, fence: 1));
        Assert.Equal(GateCodes.FencedOut, await CodeAsync(Anna));

        _desk.Time.Advance(Minute);
        Assert.Equal(GateCodes.FencedOut, await CodeAsync(One, fence: 1));
        Assert.Equal(GateCodes.Ok, await CodeAsync(Other));
        Assert.Equal(GateCodes.Ok, await CodeAsync(One));
    }

    [Fact]
    [Trait("spec", "X-49")]
    [Trait("spec", "W-106")]
    public async Task Whoever_may_command_may_always_close()
    {
        await TakeAsync(One);
        await CodeAsync(One);

        ActuationAnswer closed = await _desk.AskAsync(_desk.Command("close", source: "other"), Other);

        Assert.Equal((ActuationOutcome.Done, OutputValue.Inactive), (closed.Outcome, _desk.Actuator.ReadBack()!.Value));
    }

    [Fact]
    [Trait("spec", "X-49")]
    [Trait("spec", "X-46")]
    public async Task A_fence_lost_between_the_decision_and_the_drive_stops_the_command()
    {
        await TakeAsync(One);
        // The disk takes its time over the decision, and meanwhile a person takes the fence.
        bool once = false;
        _desk.Journal.Appending = entry =>
        {
            if (entry.Type != JournalRecordType.Decision || once) return;
            once = true;
            Assert.True(TakeAsync(Anna).IsCompletedSuccessfully);
        };

        ActuationAnswer answer = await _desk.AskAsync(Command(fence: 1), One);

        Assert.True(once);
        Assert.Equal((ActuationOutcome.Refused, GateCodes.FencedOut), (answer.Outcome, answer.Code));
        Assert.Empty(_desk.Actuator.Energising());
    }

    [Theory]
    [InlineData(0, GateCodes.Ok)]
    [InlineData(10_000, GateCodes.Ok)]
    [InlineData(10_001, GateCodes.CommandStale)]
    [Trait("spec", "X-46")]
    public async Task A_command_may_say_itself_until_when_it_is_good_and_waiting_counts(int waitsMs, string code)
    {
        _desk.Journal.Appending = entry =>
        {
            if (entry.Type == JournalRecordType.Decision) _desk.Time.Advance(TimeSpan.FromMilliseconds(waitsMs));
        };

        ActuationAnswer answer = await _desk.AskAsync(Command(expiresInMs: 10_000), One);

        Assert.Equal(code, answer.Code);
        Assert.Equal(code == GateCodes.Ok ? 1 : 0, _desk.Actuator.Energising().Count());
        _desk.Journal.Appending = null;
        Assert.Equal(GateCodes.CommandStale, (await _desk.AskAsync(Command(expiresInMs: -1), One)).Code);
    }

    [Fact]
    public async Task The_lease_runs_on_the_monotonic_clock()
    {
        await TakeAsync(One);
        _desk.Time.StepWallClock(TimeSpan.FromHours(-2));
        _desk.Time.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal(GateCodes.FenceHeld, (await TakeAsync(Other)).Refusal?.Code);
        _desk.Time.StepWallClock(TimeSpan.FromHours(5));
        Assert.Equal(GateCodes.FenceHeld, (await TakeAsync(Other)).Refusal?.Code);
        _desk.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(2, (await TakeAsync(Other)).Fence);
    }

    [Fact]
    [Trait("spec", "X-82")]
    public async Task Without_a_durable_number_nothing_is_granted_and_the_next_is_still_new()
    {
        await TakeAsync(One);
        await GiveBackAsync(One);
        _desk.Journal.SettingsFail = true;
        EdgeException unavailable = await Assert.ThrowsAsync<EdgeException>(() => TakeAsync(Other));
        Assert.Equal(GateCodes.JournalUnavailable, unavailable.Code);
        Assert.Equal(GateCodes.Ok, await CodeAsync(One));
        Assert.Null(_desk.Desk.Outputs()[0].Fence);

        _desk.Journal.SettingsFail = false;
        Assert.Equal(2, (await TakeAsync(Other)).Fence);
        _desk.Journal.Health = new JournalHealth(JournalState.Unavailable, "the disk is full", "make room");
        Assert.Equal(GateCodes.JournalUnavailable, (await TakeAsync(Other)).Refusal?.Code);
    }

    [Fact]
    [Trait("spec", "X-81")]
    public async Task After_a_restart_no_number_goes_back_and_a_living_lease_is_held_for_its_length_again()
    {
        await TakeAsync(One);
        await GiveBackAsync(One);
        await TakeAsync(One);
        _desk.Time.Advance(TimeSpan.FromSeconds(50));

        await using ActuationDesk second = await RestartAsync();
        FenceAnswer held = await TakeAsync(Other, desk: second);
        Assert.Equal((GateCodes.FenceHeld, NowMs + 60_000), (held.Refusal?.Code, held.ExpiresAtMs));
        Assert.Equal(GateCodes.FencedOut, (await second.AskAsync(Command(), Other)).Code);
        Assert.Equal(GateCodes.Ok, (await second.AskAsync(Command(fence: 2), One)).Code);
        Assert.Equal(2, (await TakeAsync(One, desk: second)).Fence);
        Assert.Equal(3, (await TakeAsync(Anna, desk: second)).Fence);

        // One that was over when the node came back is over.
        _desk.Time.Advance(Minute + TimeSpan.FromSeconds(6));
        await using ActuationDesk third = await RestartAsync();
        Assert.Null(third.Outputs()[0].Fence);
        Assert.Equal(4, (await TakeAsync(Other, desk: third)).Fence);
    }

    [Fact]
    [Trait("spec", "X-81")]
    public async Task A_clock_that_knows_nothing_does_not_end_a_lease()
    {
        await TakeAsync(One);
        _desk.Time.Advance(TimeSpan.FromDays(1));
        _desk.Clock.Class = ClockClass.Unsynchronised;

        await using ActuationDesk second = await RestartAsync();

        Assert.Equal(GateCodes.FenceHeld, (await TakeAsync(Other, desk: second)).Refusal?.Code);
        _desk.Time.Advance(Minute);
        Assert.Equal(2, (await TakeAsync(Other, desk: second)).Fence);
    }

    [Fact]
    [Trait("spec", "X-82")]
    public async Task Fences_that_cannot_be_read_are_held_by_somebody_and_never_granted()
    {
        await _desk.Journal.SetAsync("desk.fences", """{"actuator:valve:V1":{"n":"seven"}}""", CancellationToken.None);
        await using ActuationDesk second = await RestartAsync();

        Assert.Equal(GateCodes.JournalUnavailable, (await TakeAsync(One, desk: second)).Refusal?.Code);
        Assert.Equal(GateCodes.JournalUnavailable, (await TakeAsync(Anna, desk: second)).Refusal?.Code);
        Assert.Equal(GateCodes.FencedOut, (await second.AskAsync(Command(), One)).Code);
        _desk.Time.Advance(FenceRequest.Longest);
        Assert.Equal(GateCodes.Ok, (await second.AskAsync(Command(), One)).Code);
    }

    [Fact]
    public async Task Numbers_go_on_after_an_output_was_gone_and_above_all_after_the_journal_was_reset()
    {
        for (int i = 0; i < 3; i++)
        {
            await TakeAsync(One);
            await GiveBackAsync(One);
        }

        var pump = new ActuatorId("actuator:pump:P1");
        await using (ActuationDesk changed = _desk.SecondLife((new ScriptedActuator(pump, OutputValue.Inactive, _desk.Time), PermitDesk.OpenPolicy(pump))))
        {
            await changed.RecoverAsync([], CancellationToken.None);
            Assert.Equal(4, (await TakeAsync(One, desk: changed, target: pump.Value)).Fence);
        }

        await using ActuationDesk back = await RestartAsync();
        Assert.True((await TakeAsync(One, desk: back)).Fence > 3);

        await _desk.Journal.SetAsync("desk.fences", "", CancellationToken.None);
        DateTimeOffset reset = _desk.Time.GetUtcNow();
        await using ActuationDesk fresh = _desk.SecondLife(reset, (new ScriptedActuator(PermitDesk.Valve, OutputValue.Inactive, _desk.Time), _desk.Policy));
        Assert.True((await TakeAsync(One, desk: fresh)).Fence > reset.ToUnixTimeMilliseconds());
    }

    [Fact]
    public async Task Many_at_once_get_one_holder_and_numbers_that_only_grow()
    {
        var seen = new List<long>();
        for (int round = 0; round < 50; round++)
        {
            FenceAnswer[] answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() => TakeAsync(i % 2 == 0 ? One : Other))));
            long[] granted = [.. answers.Where(a => a.Refusal is null).Select(a => a.Fence).Distinct()];
            Assert.Single(granted);
            seen.Add(granted[0]);
            await GiveBackAsync(Anna);
        }

        Assert.Equal(Enumerable.Range(1, 50).Select(n => (long)n), seen);
    }

    private long NowMs => _desk.Time.GetUtcNow().ToUnixTimeMilliseconds();

    private async Task<ActuationDesk> RestartAsync()
    {
        ActuationDesk desk = _desk.SecondLife((new ScriptedActuator(PermitDesk.Valve, OutputValue.Inactive, _desk.Time), _desk.Policy));
        await desk.RecoverAsync([], CancellationToken.None);
        return desk;
    }

    private Task<FenceAnswer> TakeAsync(Caller caller, ActuationDesk? desk = null, string? target = null) =>
        (desk ?? _desk.Desk).FenceAsync(new FenceRequest(target ?? Valve, Minute, caller), CancellationToken.None);

    private Task<FenceAnswer> GiveBackAsync(Caller caller) => _desk.Desk.FenceAsync(new FenceRequest(Valve, null, caller), CancellationToken.None);

    private async Task<string> CodeAsync(Caller caller, long? fence = null) => (await _desk.AskAsync(Command(fence), caller)).Code;

    private CommandEnvelope Command(long? fence = null, long? expiresInMs = null)
    {
        JsonObject command = JsonNode.Parse(_desk.Command(source: "planner").Raw.GetRawText())!.AsObject();
        command["edge"] = new JsonObject();
        if (fence is { } number) command["edge"]!["fence"] = number;
        if (expiresInMs is { } left) command["edge"]!["expiresAtMs"] = NowMs + left;
        return CommandEnvelope.Parse(command.Element(), out _)!;
    }
}
