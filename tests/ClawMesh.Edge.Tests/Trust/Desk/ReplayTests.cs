using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Trust;
using ClawMesh.Edge.Trust.Desk;

namespace ClawMesh.Edge.Tests.Trust.Desk;

[Trait("spec", "X-45")]
public class ReplayTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_same_command_again_acts_once_and_gets_the_recorded_answer()
    {
        await using var desk = new PermitDesk();
        CommandEnvelope command = desk.Command(seconds: 5);
        ActuationAnswer first = await desk.AskAsync(command);
        desk.Time.Advance(TimeSpan.FromHours(3));
        desk.Desk.Tick();

        ActuationAnswer again = await desk.AskAsync(command);

        Assert.Equal(first with { Repeat = true }, again);
        Assert.Single(desk.Actuator.Energising());
        Assert.Single(desk.FinishedAnswers);
    }

    [Fact]
    public async Task The_same_id_from_another_sender_or_for_another_command_is_refused()
    {
        await using var desk = new PermitDesk();
        CommandEnvelope command = desk.Command(seconds: 5, id: "one");
        await desk.AskAsync(command);
        await desk.AskAsync(desk.Command("close"));

        Assert.Equal(GateCodes.CommandReplayed, (await desk.AskAsync(command, Desks.MightyPeer)).Code);
        Assert.Equal(GateCodes.CommandReplayed, (await desk.AskAsync(command, Caller.Operator("operator:eve"))).Code);
        Assert.Equal(GateCodes.CommandReplayed, (await desk.AskAsync(desk.Command(seconds: 6, id: "one"))).Code);
        Assert.Single(desk.Actuator.Energising());
        Assert.Equal(ActuationOutcome.Done, desk.Journal.FindCommand("one")?.Outcome);
        Assert.Equal("operator:test", desk.Journal.FindCommand("one")?.Sender);
    }

    [Fact]
    public async Task A_peer_s_sender_is_its_device_and_not_what_it_calls_itself()
    {
        await using var desk = new PermitDesk();
        CommandEnvelope command = desk.Command(source: "planner");
        await desk.AskAsync(command, Desks.MightyPeer);

        ActuationAnswer same = await desk.AskAsync(command, Desks.MightyPeer with { Name = "renamed" });
        ActuationAnswer other = await desk.AskAsync(command, Desks.MightyPeer with { Device = new NodeId(new string('c', NodeId.Length)) });

        Assert.True(same.Repeat);
        Assert.Equal(GateCodes.CommandReplayed, other.Code);
    }

    [Fact]
    public async Task Five_at_once_with_one_id_act_once()
    {
        for (int round = 0; round < 100; round++)
        {
            await using var desk = new PermitDesk();
            CommandEnvelope command = desk.Command(seconds: 5);
            using var start = new Barrier(5);
            Task<ActuationAnswer>[] asks = [.. Enumerable.Range(0, 5).Select(_ => Task.Factory.StartNew(
                () =>
                {
                    start.SignalAndWait();
                    return desk.AskAsync(command).GetAwaiter().GetResult();
                },
                Ct, TaskCreationOptions.LongRunning, TaskScheduler.Default))];

            ActuationAnswer[] answers = await Task.WhenAll(asks);

            Assert.Single(desk.Actuator.Energising());
            Assert.Single(answers, a => !a.Repeat);
            Assert.All(answers, a => Assert.True(a.Outcome is ActuationOutcome.Done or ActuationOutcome.Pending, a.ToString()));
        }
    }

    [Fact]
    public async Task A_repeat_while_the_first_is_still_running_is_told_so()
    {
        await using var desk = new PermitDesk();
        var seen = new TaskCompletionSource<DriveResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        desk.Actuator.Effect = _ => seen.Task;
        CommandEnvelope command = desk.Command();
        Task<ActuationAnswer> first = desk.AskAsync(command);

        ActuationAnswer again = await desk.AskAsync(command);
        seen.SetResult(DriveResult.Unconfirmed("nothing"));

        Assert.Equal((ActuationOutcome.Pending, true, 1L), (again.Outcome, again.Repeat, again.JournalSequence));
        Assert.Equal(ActuationOutcome.EffectUnconfirmed, (await first).Outcome);
        Assert.Equal(await first with { Repeat = true }, await desk.AskAsync(command));
    }

    /// <summary>Refusals before the repeat table are not remembered, those from it on are ([X-51]).</summary>
    public static TheoryData<string, bool> Refusals => new()
    {
        { GateCodes.LlmOnlyActuationBlocked, false },
        { GateCodes.NotAuthorized, false },
        { GateCodes.TargetUnknown, false },
        { GateCodes.CommandStale, true },
        { GateCodes.LocalPolicyRefused, true },
        { GateCodes.InterlockActive, true },
        { GateCodes.LimitExceeded, true },
        { GateCodes.NotReady, true },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task A_refusal_is_remembered_from_the_repeat_table_on(string code, bool remembered)
    {
        await using var desk = new PermitDesk(PermitDesk.OpenPolicy(PermitDesk.Valve) with { RatePerMinute = code == GateCodes.LimitExceeded ? 0 : 6 });
        if (code == GateCodes.InterlockActive) await desk.Desk.SafeStateAsync("operator:anna");
        if (code == GateCodes.NotReady) desk.Readiness.Current = desk.Readiness.Current with { Level = ClawMesh.Edge.Core.Lifecycle.ReadinessLevel.NodeGreen };
        CommandEnvelope command = desk.Command(
            code == GateCodes.LocalPolicyRefused ? "enable" : "open",
            trust: code == GateCodes.LlmOnlyActuationBlocked ? PermitDesk.GoodTrust with { EvidenceSources = ["llm"] } : null,
            target: code == GateCodes.TargetUnknown ? "actuator:valve:V9" : null,
            createdAtMs: code == GateCodes.CommandStale ? 0 : null);
        Caller caller = code == GateCodes.NotAuthorized ? Caller.Peer(PermitDesk.Peer, [], mayApprove: true) : Desks.MightyPeer;

        ActuationAnswer first = await desk.AskAsync(command, caller);
        ActuationAnswer again = await desk.AskAsync(command, caller);

        Assert.Equal(code, first.Code);
        Assert.Equal(remembered, desk.Journal.FindCommand(command.CommandId) is not null);
        // The number of the record used to be missing from the repeated answer.
        Assert.Equal(remembered ? first with { Repeat = true } : first with { JournalSequence = again.JournalSequence }, again);
        Assert.NotEqual(0, first.JournalSequence);
    }

    [Fact]
    public async Task A_remembered_refusal_stays_a_refusal_when_its_reason_is_gone()
    {
        await using var desk = new PermitDesk();
        await desk.Desk.SafeStateAsync("operator:anna");
        CommandEnvelope command = desk.Command();
        await desk.AskAsync(command);
        await desk.Desk.ReleaseAsync(null, "operator:anna", Ct);

        ActuationAnswer again = await desk.AskAsync(command);

        Assert.Equal((ActuationOutcome.Refused, GateCodes.InterlockActive, true), (again.Outcome, again.Code, again.Repeat));
        Assert.Empty(desk.Actuator.Energising());
    }

    [Fact]
    [Trait("spec", "X-41")]
    [Trait("spec", "X-81")]
    public async Task A_command_found_open_after_a_crash_is_outcome_unknown_and_is_not_retried()
    {
        await using var desk = new PermitDesk();
        CommandEnvelope command = desk.Command(seconds: 5);
        // The first life dies between the decision and the outcome.
        desk.Journal.Appending = entry =>
        {
            if (entry.Type == JournalRecordType.Outcome) throw new IOException("power cut");
        };
        await Assert.ThrowsAsync<IOException>(() => desk.AskAsync(command));
        desk.Journal.Appending = null;
        desk.Journal.Open.Add(new OpenCommand(1, command.CommandId, PermitDesk.Valve.Value, "pm-00112233-0001"));
        desk.Journal.BootNonce = "ffeeddccbbaa99887766554433221100";
        var valve = new ScriptedActuator(PermitDesk.Valve, OutputValue.Inactive, desk.Time);
        await using ActuationDesk second = desk.SecondLife((valve, desk.Policy));

        await second.RecoverAsync([new OutputSafeResult(PermitDesk.Valve, new SafeResult(WasEnergised: true, Confirmed: true))], Ct);
        ActuationAnswer again = await second.AskAsync(command);

        Assert.Equal((ActuationOutcome.OutcomeUnknown, GateCodes.RestartDuringCommand, true), (again.Outcome, again.Code, again.Repeat));
        Assert.Equal(("pm-00112233-0001", 1L), (again.PermitId, again.JournalSequence));
        Assert.Empty(valve.Energising());
        Assert.Contains(desk.Journal.Records, r => r is { Type: JournalRecordType.Safe, Code: "start", ActuatorRef: "actuator:valve:V1" });
        Assert.Contains(desk.Journal.Records, r => r is { Type: JournalRecordType.Outcome, Code: GateCodes.RestartDuringCommand });
        Assert.Equal(ActuationOutcome.OutcomeUnknown, desk.FinishedAnswers[^1].Outcome);
    }

    [Fact]
    public async Task A_full_window_refuses_new_commands_but_not_closing_nor_repeats()
    {
        await using var desk = new PermitDesk();
        await using ActuationDesk small = new(
            PermitDesk.Self, [(desk.Actuator, desk.Policy)], desk.Journal, desk.Journal, desk.Readings, desk.Readiness, desk.Clock, desk.Events, desk,
            desk.Time, new DeskOptions { MeshId = () => "mesh", ReplayCapacityPerOutput = DeskOptions.SafeReserve + 2 }, () => null, safetyThreads: null);
        CommandEnvelope first = desk.Command();
        await small.AskAsync(first);
        await small.AskAsync(desk.Command());

        ActuationAnswer third = await small.AskAsync(desk.Command(id: "third"));
        ActuationAnswer repeat = await small.AskAsync(first);
        ActuationAnswer close = await small.AskAsync(desk.Command("close"));

        Assert.Equal(GateCodes.ReplayWindowFull, third.Code);
        Assert.Null(desk.Journal.FindCommand("third"));
        Assert.True(repeat.Repeat);
        Assert.Equal(ActuationOutcome.Done, close.Outcome);
    }

    [Fact]
    [Trait("spec", "X-44")]
    [Trait("spec", "X-82")]
    public async Task The_last_256_places_are_kept_for_the_safe_direction_and_no_entry_leaves_before_its_time()
    {
        const int capacity = 600;
        await using var desk = new PermitDesk(options: o => o with { ReplayCapacityPerOutput = capacity });
        CommandEnvelope first = desk.Command();
        await desk.AskAsync(first);
        for (int i = 1; i < capacity - DeskOptions.SafeReserve; i++) Assert.Equal(GateCodes.Ok, (await desk.AskAsync(desk.Command())).Code);

        Assert.Equal(GateCodes.ReplayWindowFull, (await desk.AskAsync(desk.Command())).Code);
        for (int i = 0; i < 300; i++)
        {
            CommandEnvelope close = desk.Command("close");
            Assert.Equal(ActuationOutcome.Done, (await desk.AskAsync(close)).Outcome);
            // Past its places a command to the safe state is carried out and not remembered.
            Assert.Equal(i < DeskOptions.SafeReserve, desk.Journal.FindCommand(close.CommandId) is not null);
        }

        Assert.Equal(capacity, desk.Journal.RememberedCommands(PermitDesk.Valve.Value));
        Assert.Equal(GateCodes.ReplayWindowFull, (await desk.AskAsync(desk.Command())).Code);
        Assert.True((await desk.AskAsync(first)).Repeat);
    }

    [Fact]
    [Trait("spec", "X-44")]
    public async Task Closing_again_and_again_leaves_half_of_the_places_to_others()
    {
        const int capacity = 600;
        await using var desk = new PermitDesk(options: o => o with { ReplayCapacityPerOutput = capacity });
        for (int i = 0; i < 2 * capacity; i++) Assert.Equal(ActuationOutcome.Done, (await desk.AskAsync(desk.Command("close"))).Outcome);

        Assert.Equal(capacity / 2, desk.Journal.RememberedCommands(PermitDesk.Valve.Value));
        Assert.Equal(GateCodes.Ok, (await desk.AskAsync(desk.Command())).Code);
    }

    [Theory]
    [Trait("spec", "X-46")]
    [InlineData(-60_000, GateCodes.Ok)]
    [InlineData(-60_001, GateCodes.CommandStale)]
    [InlineData(5_000, GateCodes.Ok)]
    [InlineData(5_001, GateCodes.CommandStale)]
    public async Task A_command_is_fresh_for_a_minute_and_five_seconds_ahead(int offsetMs, string code)
    {
        await using var desk = new PermitDesk();
        long createdAtMs = desk.Time.GetUtcNow().ToUnixTimeMilliseconds() + offsetMs;

        Assert.Equal(code, (await desk.AskAsync(desk.Command(createdAtMs: createdAtMs))).Code);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-9007199254740991)]
    [InlineData(9007199254740991)]
    [InlineData(253402300800000)]
    public async Task A_creation_time_that_is_no_date_is_stale_or_ignored_and_never_an_error(long createdAtMs)
    {
        await using var desk = new PermitDesk();

        ActuationAnswer open = await desk.AskAsync(desk.Command(createdAtMs: createdAtMs));
        ActuationAnswer close = await desk.AskAsync(desk.Command("close", createdAtMs: createdAtMs));

        Assert.Equal(GateCodes.CommandStale, open.Code);
        Assert.Equal(ActuationOutcome.Done, close.Outcome);
        Assert.True(desk.Journal.FindCommand(close.CommandId)!.At <= desk.Time.GetUtcNow(), "an entry dated ahead would never leave the window");
    }

    [Fact]
    [Trait("spec", "X-44")]
    public async Task Commands_from_before_a_reset_of_the_journal_are_stale()
    {
        await using var desk = new PermitDesk();
        CommandEnvelope before = desk.Command();
        desk.Time.Advance(TimeSpan.FromSeconds(1));
        desk.JournalResetAt = desk.Time.GetUtcNow();

        Assert.Equal(GateCodes.CommandStale, (await desk.AskAsync(before)).Code);
        Assert.Equal(GateCodes.Ok, (await desk.AskAsync(desk.Command())).Code);
    }

    [Fact]
    [Trait("spec", "X-47")]
    public async Task An_unset_clock_refuses_peers_and_lets_the_operator_through()
    {
        await using var desk = new PermitDesk();
        desk.Clock.Class = ClawMesh.Edge.Core.Time.ClockClass.Unsynchronised;
        Assert.Equal(GateCodes.ClockUntrusted, (await desk.AskAsync(desk.Command(), Desks.MightyPeer)).Code);
        Assert.Equal(GateCodes.Ok, (await desk.AskAsync(desk.Command())).Code);

        desk.Clock.Class = ClawMesh.Edge.Core.Time.ClockClass.Operator;
        desk.Clock.IsBehindJournal = true;
        Assert.Equal(GateCodes.ClockUntrusted, (await desk.AskAsync(desk.Command(), Desks.MightyPeer)).Code);
        Assert.Equal(GateCodes.Ok, (await desk.AskAsync(desk.Command())).Code);
    }
}
