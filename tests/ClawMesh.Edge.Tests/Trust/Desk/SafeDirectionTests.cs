using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Core.Time;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Trust.Desk;

namespace ClawMesh.Edge.Tests.Trust.Desk;

[Trait("spec", "W-106")]
public class SafeDirectionTests
{
    private static readonly TrustBlock Worthless = new()
    {
        ActionType = "actuation",
        EvidenceTier = "T0_planning_inference",
        MinimumTier = "T3_verified_action_evidence",
        VerificationRequired = "human",
        VerificationSatisfied = false,
        EvidenceSources = ["llm"],
    };

    public static TheoryData<string, Action<PermitDesk>> Obstacles => new()
    {
        { "journal unavailable", d => d.Journal.Health = new JournalHealth(JournalState.Unavailable, "the disk is full", "make room") },
        { "clock unsynchronised", d => d.Clock.Class = ClockClass.Unsynchronised },
        { "clock behind the journal", d => d.Clock.IsBehindJournal = true },
        { "not ready", d => d.Readiness.Current = new Readiness(ReadinessLevel.NotReady, []) },
        { "interlock broken", d => d.Readings.Forget(Level) },
        { "wall clock stepped back a year", d => d.Time.StepWallClock(TimeSpan.FromDays(-365)) },
        { "wall clock stepped forward a year", d => d.Time.StepWallClock(TimeSpan.FromDays(365)) },
        {
            "all of it at once", d =>
            {
                d.Journal.Health = new JournalHealth(JournalState.Unavailable, "read-only", "remount");
                d.Clock.Class = ClockClass.Unsynchronised;
                d.Readiness.Current = new Readiness(ReadinessLevel.NotReady, []);
                d.Readings.Forget(Level);
                d.JournalResetAt = d.Time.GetUtcNow() + TimeSpan.FromDays(1);
            }
        },
    };

    private static readonly SensorId Level = new("sensor:level:tank-1");

    private static OutputPolicy Strict => PermitDesk.OpenPolicy(PermitDesk.Valve) with
    {
        Requires = [new SensorPredicate(Level, 20, null, TimeSpan.FromMinutes(5))],
        RequiresApproval = true,
        Operations = ["open"],
        RatePerMinute = 1,
        MinOff = TimeSpan.FromHours(1),
    };

    [Theory]
    [MemberData(nameof(Obstacles), DisableDiscoveryEnumeration = true)]
    public async Task Closing_is_carried_out_in_spite_of(string obstacle, Action<PermitDesk> place)
    {
        await using PermitDesk desk = await OpenedAsync();
        place(desk);

        ActuationAnswer answer = await desk.AskAsync(
            desk.Command("close", trust: Worthless, createdAtMs: 0), Caller.Peer(PermitDesk.Peer, ["actuator:valve:V1"], mayApprove: false));

        Assert.True(answer.Outcome == ActuationOutcome.Done, $"{obstacle}: {answer}");
        Assert.Equal(OutputValue.Inactive, desk.Actuator.ReadBack());
    }

    [Theory]
    [MemberData(nameof(Obstacles), DisableDiscoveryEnumeration = true)]
    public async Task Safe_state_is_carried_out_in_spite_of(string obstacle, Action<PermitDesk> place)
    {
        await using PermitDesk desk = await OpenedAsync();
        place(desk);

        (ActuatorId _, SafeResult result) = Assert.Single(await desk.Desk.SafeStateAsync("operator:anna"));

        Assert.True(result is { WasEnergised: true, Confirmed: true }, obstacle);
        Assert.Equal(OutputValue.Inactive, desk.Actuator.ReadBack());
        Assert.NotNull(Assert.Single(desk.Desk.Outputs()).Latch);
    }

    [Fact]
    public async Task Closing_a_latched_output_is_carried_out()
    {
        await using PermitDesk desk = await OpenedAsync();
        await desk.Desk.SafeStateAsync("operator:anna");

        ActuationAnswer answer = await desk.AskAsync(desk.Command("close", trust: Worthless));

        Assert.Equal(ActuationOutcome.Done, answer.Outcome);
    }

    [Fact]
    public async Task Closing_needs_a_grant()
    {
        await using PermitDesk desk = await OpenedAsync();

        ActuationAnswer answer = await desk.AskAsync(desk.Command("close"), Caller.Peer(PermitDesk.Peer, ["actuator:pump:*"], mayApprove: true));

        Assert.Equal(GateCodes.NotAuthorized, answer.Code);
        Assert.Equal(OutputValue.Active, desk.Actuator.ReadBack());
    }

    [Fact]
    public async Task Closing_needs_an_envelope_and_a_declared_actuation()
    {
        await using PermitDesk desk = await OpenedAsync();

        ActuationAnswer bare = await desk.Desk.RequestAsync(
            new ActuationRequest(ForwardMessage.For(desk.Command("close"), "operator-cli") with { Envelope = null }, Caller.Operator("operator:anna")), TestContext.Current.CancellationToken);
        ActuationAnswer undeclared = await desk.AskAsync(desk.Command("close", trust: Worthless with { ActionType = "observation" }));

        Assert.Equal(GateCodes.InvalidCommandEnvelope, bare.Code);
        Assert.Equal(GateCodes.ActuationDeclarationRequired, undeclared.Code);
        Assert.Equal(OutputValue.Active, desk.Actuator.ReadBack());
    }

    [Fact]
    public async Task Closing_again_under_the_same_id_closes_again()
    {
        await using var desk = new PermitDesk();
        CommandEnvelope close = desk.Command("close", id: "close-1");
        await desk.AskAsync(close);
        await desk.AskAsync(desk.Command());

        ActuationAnswer again = await desk.AskAsync(close);

        Assert.Equal(ActuationOutcome.Done, again.Outcome);
        Assert.False(again.Repeat);
        Assert.Equal(OutputValue.Inactive, desk.Actuator.ReadBack());
    }

    [Fact]
    public async Task Closing_under_the_id_of_an_opening_closes()
    {
        await using var desk = new PermitDesk();
        await desk.AskAsync(desk.Command("open", id: "one"));

        ActuationAnswer answer = await desk.AskAsync(desk.Command("close", id: "one"), Desks.MightyPeer);

        Assert.Equal(ActuationOutcome.Done, answer.Outcome);
        Assert.Equal(OutputValue.Inactive, desk.Actuator.ReadBack());
        Assert.Equal(ActuationOutcome.Done, desk.Journal.FindCommand("one")?.Outcome);
    }

    [Theory]
    [InlineData("open", true)]
    [InlineData("close", false)]
    [InlineData("start", true)]
    [InlineData("off", false)]
    public async Task A_drain_valve_that_is_safe_when_open_is_judged_by_the_state_and_not_by_the_word(string operation, bool isSafeDirection)
    {
        await using var desk = new PermitDesk(PermitDesk.OpenPolicy(PermitDesk.Valve) with { Safe = OutputValue.Active, Operations = ["open", "close", "start", "off"] });

        ActuationAnswer worthless = await desk.AskAsync(desk.Command(operation, trust: Worthless));
        ActuationAnswer good = await desk.AskAsync(desk.Command(operation));

        Assert.Equal(isSafeDirection ? GateCodes.Ok : GateCodes.LlmOnlyActuationBlocked, worthless.Code);
        Assert.Equal(isSafeDirection, good.PermitId is null);
        Assert.Equal(isSafeDirection ? OutputValue.Active : OutputValue.Inactive, desk.Actuator.ReadBack());
    }

    [Fact]
    public async Task Closing_a_drain_valve_is_a_lease_that_ends_with_the_valve_open()
    {
        await using var desk = new PermitDesk(PermitDesk.OpenPolicy(PermitDesk.Valve) with { Safe = OutputValue.Active });
        await desk.AskAsync(desk.Command("close", seconds: 5));

        desk.Time.Advance(TimeSpan.FromSeconds(5));
        desk.Desk.Tick();

        Assert.Equal(OutputValue.Active, desk.Actuator.ReadBack());
        Assert.Equal([SafeCause.LeaseEnd], desk.Actuator.SafeCauses);
    }

    [Fact]
    public async Task A_set_to_the_safe_state_is_a_close_and_any_other_set_is_not()
    {
        await using var desk = new PermitDesk(PermitDesk.OpenPolicy(PermitDesk.Valve) with { Kind = OutputKind.Level, Safe = new OutputValue(0.25) });

        ActuationAnswer safe = await desk.AskAsync(desk.Command("set", trust: Worthless, parameters: PermitDesk.Params("""{"value":0.25}""")));
        ActuationAnswer byState = await desk.AskAsync(desk.Command("set", trust: Worthless, parameters: PermitDesk.Params("""{"state":"0.25"}""")));
        ActuationAnswer other = await desk.AskAsync(desk.Command("set", trust: Worthless, parameters: PermitDesk.Params("""{"value":0.2500001}""")));
        ActuationAnswer nonsense = await desk.AskAsync(desk.Command("set", trust: Worthless, parameters: PermitDesk.Params("""{"value":-1}""")));

        Assert.Equal(GateCodes.Ok, safe.Code);
        Assert.Equal(GateCodes.Ok, byState.Code);
        Assert.Equal(GateCodes.LlmOnlyActuationBlocked, other.Code);
        Assert.Equal(GateCodes.LlmOnlyActuationBlocked, nonsense.Code);
    }

    [Fact]
    public async Task Closing_is_not_held_up_by_sixty_four_commands_that_wait_for_a_slow_disk()
    {
        // Used to be BUSY, and before that to wait for every flush in the queue.
        await using var desk = new PermitDesk();
        var disk = new SlowDisk(desk.Journal);
        await using ActuationDesk slow = new(
            PermitDesk.Self, [(desk.Actuator, desk.Policy)], disk, desk.Journal, desk.Readings, desk.Readiness, desk.Clock, desk.Events, desk,
            desk.Time, new DeskOptions { MeshId = () => "mesh" }, () => null, safetyThreads: null);
        Task<ActuationAnswer>[] storm = [.. Enumerable.Range(0, 100).Select(_ => slow.AskAsync(desk.Command()))];
        Assert.Equal(36, storm.Count(t => t.IsCompleted));
        Assert.All(storm.Where(t => t.IsCompleted), t => Assert.Equal(GateCodes.Busy, t.Result.Code));

        Task<ActuationAnswer> close = slow.AskAsync(desk.Command("close", trust: Worthless));

        Assert.Equal([SafeCause.Command], desk.Actuator.SafeCauses);
        disk.Free();
        Assert.Equal(ActuationOutcome.Done, (await close).Outcome);
        await Task.WhenAll(storm);
        Assert.All(storm, t => Assert.Equal(ActuationOutcome.Refused, t.Result.Outcome));
        Assert.Empty(desk.Actuator.Energising());
    }

    [Fact]
    public async Task A_sensor_that_fails_after_the_safe_write_costs_the_confirmation_and_not_the_answer()
    {
        var output = new FailingEye();
        await using var desk = new PermitDesk(more: _ => [(output, PermitDesk.OpenPolicy(output.Id))]);

        ActuationAnswer answer = await desk.AskAsync(desk.Command("close", target: output.Id.Value));

        Assert.Equal((ActuationOutcome.EffectUnconfirmed, GateCodes.NoConfirmation), (answer.Outcome, answer.Code));
    }

    private static async Task<PermitDesk> OpenedAsync()
    {
        var desk = new PermitDesk(Strict);
        desk.Readings.Set(Level, 50);
        ActuationAnswer opened = await desk.AskAsync(desk.Command("open"));
        Assert.Equal(ActuationOutcome.Done, opened.Outcome);
        return desk;
    }

    /// <summary>A journal whose appends wait until they are let through.</summary>
    private sealed class SlowDisk(InMemoryJournal inner) : IActuationJournal
    {
        private readonly TaskCompletionSource _free = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public JournalHealth Health => inner.Health;

        public string BootNonce => inner.BootNonce;

        public DateTimeOffset? NewestRecordAt => inner.NewestRecordAt;

        public DateTimeOffset? LatestTime => inner.LatestTime;

        public void Free() => _free.SetResult();

        public bool IsDurable(long sequence) => inner.IsDurable(sequence);

        public async Task<long> AppendAsync(JournalEntry entry, ReplayEntry? replay, CancellationToken cancellationToken)
        {
            await _free.Task;
            return await inner.AppendAsync(entry, replay, cancellationToken);
        }

        public ReplayEntry? FindCommand(string commandId) => inner.FindCommand(commandId);

        public int RememberedCommands(string targetRef) => inner.RememberedCommands(targetRef);

        public IReadOnlyList<OpenCommand> OpenCommands() => inner.OpenCommands();

        public IReadOnlyList<PastActivation> ActivationsWithin(TimeSpan window) => inner.ActivationsWithin(window);
    }

    /// <summary>An output whose effect sensor fails while a safe write is being looked at.</summary>
    private sealed class FailingEye : ClawMesh.Edge.Trust.IActuator
    {
        public ActuatorId Id { get; } = new("actuator:valve:blind");

        public OutputValue SafeValue => OutputValue.Inactive;

        public string Bus => "blind";

        public SensorId? EffectSensor => ScriptedActuator.FlowSensor;

        public OutputValue? ReadBack() => null;

        public SafeResult MakeSafe(SafeCause cause) => new(false, true);

        public Task<ClawMesh.Edge.Trust.DriveResult> ApplyAsync(ClawMesh.Edge.Trust.Permit permit, OutputValue value, CancellationToken leaseEnded) => throw new NotSupportedException();

        public Task<ClawMesh.Edge.Trust.DriveResult> ConfirmSafeAsync(double? valueBefore, CancellationToken cancellationToken) =>
            throw new EdgeException("i2c.nack", "Could not read the flow.", "The bus did not answer.", "Check the wiring.", FailureClass.BusIo);
    }
}
