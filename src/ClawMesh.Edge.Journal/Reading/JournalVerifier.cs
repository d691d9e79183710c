using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Journal.Chain;
using ClawMesh.Edge.Journal.Opening;
using Microsoft.Data.Sqlite;

namespace ClawMesh.Edge.Journal.Reading;

/// <summary>
/// <c>audit verify</c>: the file's own consistency, then every record's types, hash and link, then the signed head. Reads only;
/// works beside a live node. Costs about 10 µs a record.
/// </summary>
public sealed class JournalVerifier(string stateDirectory, ISignatureVerifier verifier)
{
    // Between two looks at the head a live node may have written; a few tries find a moment in which it had not.
    private const int MaxLooks = 50;

    private readonly JournalPaths _paths = new(stateDirectory);

    /// <param name="publicKey">The device's key, 32 bytes, from its identity; the one in the head file is not believed.</param>
    /// <exception cref="EdgeException"><c>journal.other_schema</c>, <c>journal.wal_unreadable</c>: nothing was verified.</exception>
    public JournalVerification Verify(ReadOnlySpan<byte> publicKey)
    {
        var headFile = new HeadFile(_paths.Head);
        if (!File.Exists(_paths.Database)) return WithoutDatabase(headFile);
        try
        {
            (SqliteConnection connection, byte[]? head) = Snapshot(headFile);
            using (connection) return Verify(connection, head, publicKey, verifier);
        }
        catch (EdgeException damaged) when (damaged.Code == "journal.unreadable")
        {
            return new JournalVerification(0, 0, 0, 0, [new JournalFinding(null, "storage", damaged.Why, FailureClass.Storage)]);
        }
    }

    internal static JournalVerification Verify(SqliteConnection connection, byte[]? headJson, ReadOnlySpan<byte> publicKey, ISignatureVerifier verifier)
    {
        var findings = new Findings();
        ChainWalk? walk = null;
        try
        {
            CheckIntegrity(connection, findings);
            walk = new ChainWalk(findings, publicKey.ToArray(), verifier);
            WalkRecords(connection, walk);
            ReplayCheck.Check(connection, findings);
        }
        catch (SqliteException fault)
        {
            findings.Add(null, "storage", $"SQLite says '{StorageFault.Message(fault)}' (code {fault.SqliteExtendedErrorCode})", FailureClass.Storage);
        }

        long headSequence = walk is null ? 0 : HeadCheck.Check(headJson, walk, publicKey, verifier, findings);
        return new JournalVerification(walk?.Records ?? 0, walk?.First ?? 0, walk?.Last ?? 0, headSequence, findings.List);
    }

    /// <summary>A state of the database together with the head that belongs to it.</summary>
    private (SqliteConnection Connection, byte[]? Head) Snapshot(HeadFile headFile)
    {
        for (int look = 1; ; look++)
        {
            byte[]? before = headFile.Read();
            SqliteConnection connection = EdgeDatabase.OpenReadOnly(_paths);
            try
            {
                // The first read fixes what this connection sees until the transaction ends.
                EdgeDatabase.Execute(connection, "BEGIN");
                EdgeDatabase.Scalar(connection, "SELECT max(seq) FROM journal");
                byte[]? after = headFile.Read();
                bool same = before is null ? after is null : after is not null && after.AsSpan().SequenceEqual(before);
                if (same || look == MaxLooks) return (connection, before);
                connection.Dispose();
            }
            catch (SqliteException fault)
            {
                connection.Dispose();
                throw EdgeDatabase.Unreadable(fault, _paths);
            }
        }
    }

    private JournalVerification WithoutDatabase(HeadFile headFile) => new(
        0, 0, 0, 0,
        headFile.Read() is null ? [] : [new JournalFinding(null, "head", $"a head file exists, but '{_paths.Database}' does not", FailureClass.Auth)]);

    private static void CheckIntegrity(SqliteConnection connection, Findings findings)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "PRAGMA integrity_check(20)";
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read())
        {
            string line = reader.GetString(0);
            if (line != "ok") findings.Add(null, "storage", $"SQLite says '{line}'", FailureClass.Storage);
        }
    }

    private static void WalkRecords(SqliteConnection connection, ChainWalk walk)
    {
        using SqliteCommand command = connection.CreateCommand();

        // NOT INDEXED: an index that disagrees with its table must not be what we look through.
        command.CommandText = RecordRow.SelectList + " NOT INDEXED ORDER BY seq";
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read()) walk.Next(RecordRow.Read(reader));
        walk.End();
    }
}
