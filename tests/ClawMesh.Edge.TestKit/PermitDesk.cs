using System.Text.Json;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.Trust;
using ClawMesh.Edge.Trust.Desk;

namespace ClawMesh.Edge.TestKit;

/// <summary>
/// A real desk with a manual clock, a journal in memory and outputs that behave. Tests get permits as everybody does: by asking.
/// Safety runs inline: nothing happens between two calls of the desk's tick.
/// </summary>
public sealed class PermitDesk : IActuationListener, IAsyncDisposable
{
    public static readonly NodeId Self = new(new string('a', NodeId.Length));
    public static readonly NodeId Peer = new(new string('b', NodeId.Length));
    public static readonly ActuatorId Valve = new("actuator:valve:V1");

    private int _commands;

    public PermitDesk(
        OutputPolicy? policy = null, Func<ManualTime, IReadOnlyList<(IActuator, OutputPolicy)>>? more = null, IActuationVeto? veto = null, VetoMode vetoMode = VetoMode.Enforce,
        Func<DeskOptions, DeskOptions>? options = null, NodeId? self = null)
    {
        Journal = new InMemoryJournal(Time);
        Readings = new TestReadings(Time);
        Events = new EventLog(Time);
        Policy = policy ?? OpenPolicy(Valve);
        Actuator = new ScriptedActuator(Policy.Actuator, Policy.Safe, Time);
        List<(IActuator, OutputPolicy)> outputs = [(Actuator, Policy)];
        if (more is not null) outputs.AddRange(more(Time));
        Desk = new ActuationDesk(
            self ?? Self, outputs, Journal, Journal, Readings, Readiness, Clock, Events, this, Time,
            (options ?? (o => o))(new DeskOptions { MeshId = () => "mesh", OutputsAreReal = OutputsAreReal, Veto = veto, VetoMode = vetoMode }), () => JournalResetAt, safetyThreads: null);
    }

    public static bool OutputsAreReal => true;

    public ManualTime Time { get; } = new();

    public InMemoryJournal Journal { get; }

    public TestReadings Readings { get; }

    public TestReadiness Readiness { get; } = new();

    public TestClock Clock { get; } = new();

    public EventLog Events { get; }

    public OutputPolicy Policy { get; }

    public ScriptedActuator Actuator { get; }

    public ActuationDesk Desk { get; }

    public DateTimeOffset? JournalResetAt { get; set; }

    public List<ActuationAnswer> FinishedAnswers { get; } = [];

    public List<OutputStateChange> Changes { get; } = [];

    /// <summary>A policy that stands in nobody's way.</summary>
    public static OutputPolicy OpenPolicy(ActuatorId actuator) => new()
    {
        Actuator = actuator,
        Safe = OutputValue.Inactive,
        MaxOn = TimeSpan.FromMinutes(10),
        RatePerMinute = 1000,
    };

    /// <summary>Trust that passes every row.</summary>
    public static TrustBlock GoodTrust => new()
    {
        ActionType = "actuation",
        EvidenceTier = "T3_verified_action_evidence",
        MinimumTier = "T2_operational_observation",
        VerificationRequired = "human",
        VerificationSatisfied = true,
        EvidenceSources = ["sensor", "human"],
        ApprovedBy = ["operator:test"],
    };

    public static JsonElement Params(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }

    public CommandEnvelope Command(string operation = "open", double? seconds = null, TrustBlock? trust = null, string? id = null, string? target = null, long? createdAtMs = null, JsonElement? parameters = null, string? source = null) =>
        CommandEnvelope.Create(
            id ?? $"cmd-{Interlocked.Increment(ref _commands)}",
            createdAtMs ?? Time.GetUtcNow().ToUnixTimeMilliseconds(),
            source ?? Peer.Value, "field", target ?? Policy.Actuator.Value, operation,
            parameters ?? (seconds is { } s ? Params($$"""{"durationSec":{{s.ToString(System.Globalization.CultureInfo.InvariantCulture)}}}""") : null),
            trust ?? GoodTrust, note: null);

    /// <summary>Asks as the operator of this node unless a caller is given.</summary>
    public Task<ActuationAnswer> AskAsync(CommandEnvelope command, Caller? caller = null) =>
        Desk.RequestAsync(new ActuationRequest(ForwardMessage.For(command, "operator-cli"), caller ?? Caller.Operator("operator:test")), CancellationToken.None);

    public void Finished(ActuationAnswer answer) => FinishedAnswers.Add(answer);

    public void StateChanged(OutputStateChange change) => Changes.Add(change);

    public ValueTask DisposeAsync() => Desk.DisposeAsync();
}
