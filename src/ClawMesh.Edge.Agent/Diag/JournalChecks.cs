using System.Globalization;
using System.Text.Json;
using ClawMesh.Edge.Agent.Cli;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.Journal.Reading;

namespace ClawMesh.Edge.Agent.Diag;

/// <summary>The actuation journal: whether its chain holds, and whether the running node can write it.</summary>
internal static class JournalChecks
{
    /// <summary>Larger ones take longer than a look should; --deep takes the time.</summary>
    private const long QuickBytes = 32L << 20;

    private const int PlacesShown = 5;

    private static readonly TimeSpan QuickDeadline = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan DeepDeadline = TimeSpan.FromMinutes(5);

    public static DiagCheck Chain(string group, DiagContext context) => new(group, "journal", () => Chain(context))
    {
        Deadline = context.Deep ? DeepDeadline : QuickDeadline,
        DeadlineClass = FailureClass.Storage,
        OnDeadline = context.Deep ? null : () => CheckOutcome.Warn(
            FailureClass.Storage, string.Create(CultureInfo.InvariantCulture, $"its chain could not be walked within {QuickDeadline.TotalSeconds} s"), "`clawmesh-edge diag storage --deep` takes the time it needs."),
    };

    /// <summary>What the running node says of its own journal.</summary>
    public static CheckOutcome State(NodeAnswer node)
    {
        if (node.Presence != NodePresence.Answers) return CheckOutcome.Skip(node.Reason);
        JsonElement journal = node.Edge.Member("journal");
        if (journal.Text("state") == "ready") return CheckOutcome.Pass("the running node can write it").With("state", "ready");

        string fix = journal.Text("fix");
        return CheckOutcome.Fail(FailureClass.Storage, "the running node cannot write it; nothing can be energised", fix.Length > 0 ? fix : "Look at the node's log; it tries again by itself.")
            .Because(journal.Text("why")).With("state", journal.Text("state"));
    }

    internal static CheckOutcome Chain(DiagContext context)
    {
        string state = context.State.Path;
        string database = Path.Combine(state, "edge.db");
        string head = database + ".head";

        // A head without a database is no "not yet": the verifier says so.
        string first = PathAccess.Look(database) == PathSight.Absent && PathAccess.Look(head) == PathSight.Present ? head : database;
        if (context.SkipUnlessReadable(first, "there is no journal yet") is { } skip) return skip;
        if (context.SkipIfClosed(database + "-wal") is { } closed) return closed;

        long bytes = Length(database) + Length(database + "-wal");
        if (bytes > QuickBytes && !context.Deep)
            return CheckOutcome.Skip($"edge.db has {DiagText.Bytes(bytes)}; `clawmesh-edge diag storage --deep` walks it").With("bytes", bytes);

        if (context.SkipIfClosed(Path.Combine(state, DeviceIdentity.RelativePath)) is { } noKey) return noKey;
        byte[] publicKey;
        try
        {
            using DeviceIdentity? identity = DeviceIdentity.TryLoad(state);
            if (identity is null)
            {
                return CheckOutcome.Warn(FailureClass.Auth, "there is a journal and no identity to verify it with", $"Restore '{Path.Combine(state, DeviceIdentity.RelativePath)}' from a backup; a new identity cannot vouch for the old journal.");
            }

            publicKey = identity.PublicKey.ToArray();
        }
        catch (EdgeException unusable)
        {
            return CheckOutcome.Skip($"without a usable identity it cannot be verified: {unusable.Why}");
        }

        return Judge(new JournalVerifier(state, new Ed25519Verifier()).Verify(publicKey)).With("bytes", bytes);
    }

    private static CheckOutcome Judge(JournalVerification found)
    {
        CheckOutcome outcome = found.Ok
            ? CheckOutcome.Pass(found.Records == 0 ? "it holds no record yet" : $"{DiagText.Count((int)Math.Min(found.Records, int.MaxValue), "record")}, chain and signed head hold")
            : CheckOutcome.Fail(
                found.Findings[0].FailureClass, $"does not hold in {DiagText.Count(found.Findings.Count, "place")}",
                "Keep a copy of edge.db, edge.db-wal and edge.db.head as evidence; `clawmesh-edge audit verify` lists every place, and an operator's `clawmesh-edge journal reset` starts a new one.")
                .Because(found.Findings.Take(PlacesShown).Select(f => f.Sequence is { } sequence ? $"record {sequence}, {f.Place}: {f.What}" : $"{f.Place}: {f.What}"))
                .Because(found.Findings.Count > PlacesShown ? $"and {found.Findings.Count - PlacesShown} more" : "");
        return outcome.With("records", found.Records).With("lastSequence", found.LastSequence).With("findings", found.Findings.Count);
    }

    private static long Length(string path) => new FileInfo(path) is { Exists: true } file ? file.Length : 0;
}
