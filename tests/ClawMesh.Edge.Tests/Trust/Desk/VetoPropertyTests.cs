using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Tests.Core.Actuation;
using FsCheck;
using FsCheck.Fluent;

namespace ClawMesh.Edge.Tests.Trust.Desk;

/// <summary>Two desks with the same past and the same command, one of them with a veto: the one with it never does more.</summary>
public class VetoPropertyTests
{
    private static readonly string[][] Sources = [["sensor"], ["llm"], ["human"], ["llm", "sensor"], []];

    private sealed record Case(
        string Operation, double? Seconds, double? Level, string[] Sources, string? ApprovedBy, bool ByPeer, bool Granted, bool RunningAlready, int AgeSeconds, VetoMode Mode, Restriction? Restriction)
    {
        public override string ToString() => $"{Operation} {Seconds} s, level {Level}, [{string.Join(' ', Sources)}], by {ApprovedBy}, peer {ByPeer}, granted {Granted}, running {RunningAlready}, age {AgeSeconds}, {Mode}, {Restriction?.Reason ?? "throws"}";
    }

    private static Gen<Case> Cases =>
        from operation in Gen.Elements("open", "open", "open", "set", "set", "close", "off", "dance")
        from seconds in Gen.OneOf(Gen.Constant((double?)null), Gen.Choose(1, 900).Select(s => (double?)s), Gen.Choose(-1, 0).Select(s => (double?)s))
        from level in Gen.OneOf(Gen.Constant((double?)null), Gen.Choose(0, 10).Select(l => (double?)(l / 10.0)))
        from sources in Gen.Elements(Sources)
        from approvedBy in Gen.Elements("operator:anna", "policy:zone-1", null)
        from byPeer in Gen.Elements(true, false)
        from granted in ForAll.OneIn(6).Select(no => !no)
        from running in ForAll.OneIn(3)
        from age in Gen.Frequency((5, Gen.Constant(0)), (1, Gen.Constant(90)))
        from mode in Gen.Elements(VetoMode.Off, VetoMode.Advise, VetoMode.Enforce, VetoMode.Enforce)
        from restriction in Gen.Frequency((8, RestrictionTests.Restrictions.Select(r => (Restriction?)r)), (1, Gen.Constant((Restriction?)null)))
        select new Case(operation, seconds, level, sources, approvedBy, byPeer, granted, running, age, mode, restriction);

    [Fact]
    public void A_veto_grants_nothing_lengthens_nothing_and_never_stands_before_the_safe_state() => ForAll.Cases(Cases, 1_500, c =>
    {
        var veto = new ScriptedVeto(_ => c.Restriction ?? throw new InvalidOperationException("no answer"));
        (ActuationAnswer without, IReadOnlyList<OutputValue> writesWithout, int permitsWithout) = Ask(c, null);
        (ActuationAnswer with, IReadOnlyList<OutputValue> writesWith, int permitsWith) = Ask(c, veto);

        // Granted with it: granted without it, for the same value, at least as long.
        if (with.Outcome == ActuationOutcome.Done)
        {
            Assert.Equal(ActuationOutcome.Done, without.Outcome);
            Assert.Equal(without.Observed!.State, with.Observed!.State);
            Assert.True((with.LeaseMs ?? 0) <= (without.LeaseMs ?? 0), $"{with.LeaseMs} ms with a veto, {without.LeaseMs} ms without");
        }

        // No permit that would not be there without it, and nothing written that would not have been.
        Assert.True(permitsWith <= permitsWithout);
        Assert.True(writesWith.Count <= writesWithout.Count && writesWith.All(writesWithout.Contains));

        // The safe direction is the same with and without, and refused is refused for the same reason.
        bool safe = without.LeaseMs is null && without.Outcome == ActuationOutcome.Done;
        if (safe || without.Outcome == ActuationOutcome.Refused)
        {
            Assert.Equal((without.Outcome, without.Code, without.Message), (with.Outcome, with.Code, with.Message));
            Assert.Empty(veto.Asked);
        }

        // A person's command, or a veto that does not act: only words may differ.
        bool person = !c.ByPeer && c.ApprovedBy is not { } name || !c.ByPeer && !c.ApprovedBy!.StartsWith("policy:", StringComparison.Ordinal);
        if (person || c.Mode != VetoMode.Enforce) Assert.Equal((without.Outcome, without.Code, without.LeaseMs), (with.Outcome, with.Code, with.LeaseMs));
    });

    private static (ActuationAnswer Answer, IReadOnlyList<OutputValue> Writes, int Permits) Ask(Case c, ScriptedVeto? veto)
    {
        var desk = new PermitDesk(PermitDesk.OpenPolicy(PermitDesk.Valve) with { Kind = OutputKind.Level }, veto: veto, vetoMode: c.Mode);
        if (c.RunningAlready)
        {
            // By a person, so that both desks have the same past.
            Wait(desk.AskAsync(desk.Command(seconds: 300)));
            desk.Time.Advance(TimeSpan.FromSeconds(10));
            desk.Desk.Tick();
        }

        int asked = veto?.Asked.Count ?? 0;
        int writes = desk.Actuator.Writes.Count, permits = Permits(desk);
        string members = string.Join(',', ((string?[])[
            c.Seconds is { } s ? $"\"durationSec\":{s.ToString(System.Globalization.CultureInfo.InvariantCulture)}" : null,
            c.Level is { } l ? $"\"value\":{l.ToString(System.Globalization.CultureInfo.InvariantCulture)}" : null]).Where(m => m is not null));
        TrustBlock trust = PermitDesk.GoodTrust with { EvidenceSources = c.Sources, ApprovedBy = c.ApprovedBy is null ? null : [c.ApprovedBy] };
        CommandEnvelope command = desk.Command(
            c.Operation, trust: trust, parameters: PermitDesk.Params($"{{{members}}}"),
            createdAtMs: (desk.Time.GetUtcNow() - TimeSpan.FromSeconds(c.AgeSeconds)).ToUnixTimeMilliseconds());
        Caller caller = c.ByPeer ? Caller.Peer(PermitDesk.Peer, c.Granted ? ["*"] : [], mayApprove: true) : Caller.Operator("operator:anna");
        ActuationAnswer answer = Wait(desk.AskAsync(command, caller));
        IReadOnlyList<OutputValue> written = [.. desk.Actuator.Writes.Skip(writes)];
        int minted = Permits(desk) - permits;
        if (asked > 0) veto!.Forget(asked);
        desk.DisposeAsync().AsTask().GetAwaiter().GetResult();
        return (answer, written, minted);
    }

    private static int Permits(PermitDesk desk) => desk.Journal.Records.Count(r => r.Type == JournalRecordType.Decision && r.PermitId is not null);

    private static ActuationAnswer Wait(Task<ActuationAnswer> asked) => asked.GetAwaiter().GetResult();
}
