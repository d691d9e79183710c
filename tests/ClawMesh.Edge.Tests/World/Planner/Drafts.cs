using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.World.Planner;
using ClawMesh.Edge.World.Planner.Book;
using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.Tests.World.Planner;

/// <summary>Drafts and the statements of sensors they rest on.</summary>
internal static class Drafts
{
    public const string Valve = "actuator:valve:V1";

    /// <summary>The node that measures.</summary>
    public static readonly string Self = new('c', 64);

    public static ProposalDraft Water(
        TimeProvider time, ApprovalLevel level = ApprovalLevel.L2, string target = Valve, string operation = "open", double minutes = 10, string zone = "V1", Expectation? expectation = null, IReadOnlyList<SensorEvidence>? evidence = null) =>
        new(zone, target, operation, minutes, $"Water {zone} for {minutes} min", "It will be too dry at noon.", level, evidence ?? [Evidence(time)], expectation);

    /// <summary>A standing approval that counts in a ledger of its own, as a node's does.</summary>
    public static StandingApproval Standing(IReadOnlyList<ZoneGoal> goals, IWorldClock site, ManualTime time)
    {
        var ledger = new WaterLedger(new InMemoryJournal(time));
        return new StandingApproval(
            "goals.json", goals, Self, site, zone => ledger.Today(zone, site.Now),
            draft => ledger.AddAsync(draft.Zone, draft.Minutes, litres: 0, automatic: true, site.Now, CancellationToken.None).GetAwaiter().GetResult());
    }

    public static SensorEvidence Evidence(TimeProvider time, string frameId = "frame-1", string source = "sensor", bool simulated = false) =>
        SensorEvidence.From(Property(time, frameId, simulated: simulated, sources: source), outputsAreReal: !simulated)!;

    public static TwinProperty Property(
        TimeProvider time, string frameId = "frame-1", double? value = 21, EvidenceTier tier = EvidenceTier.OperationalObservation, bool simulated = false, Freshness freshness = Freshness.Fresh, params string[] sources) =>
        new("moisture", "%", value, null, tier, sources, simulated, Self, frameId, time.GetUtcNow().ToUnixTimeMilliseconds(), time.GetTimestamp(), freshness);

    public static ZoneGoal Goal(ApprovalLevel level = ApprovalLevel.L1, double maxMinutes = 20, double perDay = 30, params QuietSpan[] quiet) =>
        new("V1", Valve, 25, 40, 20, 500, quiet, level, maxMinutes, perDay);
}

/// <summary>A site whose clock is the test's, so many times faster.</summary>
internal sealed class TestSite(TimeProvider time, double rate = 1) : IWorldClock
{
    private readonly long _began = time.GetTimestamp();

    public DateTimeOffset Start { get; init; } = new(2026, 6, 1, 8, 0, 0, TimeSpan.FromHours(2));

    public DateTimeOffset Now => Start + (time.GetElapsedTime(_began) * rate);

    public double Rate => rate;
}

/// <summary>Carries out what a test decides, when it decides.</summary>
internal sealed class ScriptedExecutor : IProposalExecutor
{
    public List<(Proposal Proposal, ProposalApproval Approval)> Asked { get; } = [];

    public Func<Proposal, CancellationToken, Task<ProposalResult>> Answer { get; set; } =
        (_, _) => Task.FromResult(new ProposalResult(true, null, "cmd-1", "OK") { Outcome = "done" });

    public Task<ProposalResult> ExecuteAsync(Proposal proposal, ProposalApproval approval, CancellationToken cancellationToken)
    {
        Asked.Add((proposal, approval));
        return Answer(proposal, cancellationToken);
    }
}

/// <summary>A book with everything around it in a test's hand.</summary>
internal sealed class BookBench
{
    private int _ids;

    public BookBench(IReadOnlyList<ZoneGoal>? goals = null, double rate = 1, BookOptions? options = null)
    {
        Site = new TestSite(Time, rate);
        Book = new ProposalBook(
            new string('a', 64), "planner", Executor, goals is null ? null : Drafts.Standing(goals, Site, Time), Site, _ => Measured, Time,
            () => new Guid(++_ids, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0]), Changes.Add, options ?? BookOptions.Default);
    }

    public TestKit.ManualTime Time { get; } = new();

    public TestSite Site { get; }

    public ScriptedExecutor Executor { get; } = new();

    public List<ProposalChange> Changes { get; } = [];

    public double? Measured { get; set; }

    public ProposalBook Book { get; }

    public static Approver Anna { get; } = Approver.Operator("operator:anna");

    public Proposal? Offer(ProposalDraft draft) => Book.Offer(draft, new string('b', 64));

    /// <summary>The n-th offer of a bench differs from the others by its target.</summary>
    public Proposal? OfferNew(int n, ApprovalLevel level = ApprovalLevel.L2) => Offer(Drafts.Water(Time, level, target: $"actuator:valve:V{n}"));

    public void Pass(double seconds)
    {
        Time.Advance(TimeSpan.FromSeconds(seconds));
        Book.Tick();
    }

    public IEnumerable<string> Steps(string taskId) => Changes.Where(c => c.Proposal.TaskId == taskId).Select(c => $"{c.Step}:{c.Proposal.Status.Word()}");
}
