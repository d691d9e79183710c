using System.Text;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Journal.Chain;
using Microsoft.Data.Sqlite;

namespace ClawMesh.Edge.Journal.Opening;

/// <summary>
/// The part of <c>audit verify</c> that every open can afford: the newest two records and the signed head. The rest of the
/// chain is verified by the operator's verb.
/// </summary>
internal static class TailCheck
{
    /// <summary>Reads the end of the journal and makes sure that it is the end this device signed.</summary>
    /// <param name="headLags">The head is one record behind, or missing after the very first: power failed in between. It must be written again.</param>
    /// <exception cref="JournalUnavailableException">The end and the head disagree.</exception>
    public static ChainTip Check(SqliteConnection connection, IHeadFile headFile, ISigner signer, ISignatureVerifier verifier, out bool headLags)
    {
        List<RecordRow> tail = Newest(connection, 2);
        RecordRow? last = tail.Count > 0 ? tail[0] : null;
        if (last is not null) RequireSound(last, tail.Count > 1 ? tail[1] : null);
        ChainTip tip = last is null ? ChainTip.Empty : Tip(last);

        byte[]? json = headFile.Read();
        if (json is null)
        {
            headLags = tip.Sequence == 1;
            if (tip.Sequence > 1)
                throw Disagrees($"The journal holds records up to {tip.Sequence}, but its head file 'edge.db.head' is missing.");
            return tip;
        }

        JournalHead head = JournalHead.Parse(json, out string problem) ?? throw Disagrees($"The head file 'edge.db.head' cannot be used: {problem}.");
        if (!head.IsSignedBy(signer.PublicKey.Span, verifier))
            throw Disagrees("The head file 'edge.db.head' does not carry a signature of this device.");

        headLags = head.Count == tip.Sequence - 1;
        byte[]? expected = headLags ? last?.Columns.Previous : tip.Hash;
        if (!headLags && head.Count != tip.Sequence)
            throw Disagrees($"The head file counts records up to {head.Count}; the journal ends at {tip.Sequence}.");
        if (!head.Hash.AsSpan().SequenceEqual(expected))
            throw Disagrees($"The head file has another hash for record {head.Count} than the journal.");
        return tip;
    }

    public static ChainTip Tip(RecordRow row) => new(
        row.Columns.Sequence, row.Hash, Encoding.UTF8.GetString(row.Columns.Boot), DateTimeOffset.FromUnixTimeMilliseconds(row.Columns.AtMs));

    private static void RequireSound(RecordRow last, RecordRow? before)
    {
        long sequence = last.Columns.Sequence;
        foreach ((_, string what) in last.WrongTypes()) throw Disagrees($"Journal record {sequence} was changed: {what}.");
        if (!last.Columns.Hash().AsSpan().SequenceEqual(last.Hash))
            throw Disagrees($"Journal record {sequence} was changed: its hash does not match its content.");
        if (before is not null && (before.Columns.Sequence != sequence - 1 || !before.Hash.AsSpan().SequenceEqual(last.Columns.Previous)))
            throw Disagrees($"Journal record {sequence} does not follow record {before.Columns.Sequence}.");
    }

    private static List<RecordRow> Newest(SqliteConnection connection, int limit)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = RecordRow.SelectList + " ORDER BY seq DESC LIMIT $limit";
        command.Parameters.AddWithValue("$limit", limit);
        using SqliteDataReader reader = command.ExecuteReader();
        var rows = new List<RecordRow>(limit);
        while (reader.Read()) rows.Add(RecordRow.Read(reader));
        return rows;
    }

    private static JournalUnavailableException Disagrees(string why) => new(StorageFault.Disagrees(why));
}
