using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Journal;
using ClawMesh.Edge.Journal.Reading;
using Microsoft.Data.Sqlite;

namespace ClawMesh.Edge.Tests.Journal;

/// <summary>A small journal with all kinds of records, and every way of changing it that SQL has.</summary>
public sealed class TamperTests : IDisposable
{
    private const int Records = 6;
    private static readonly string[] TextColumns = ["type", "clock_class", "boot", "actuator", "command_id", "permit_id", "code", "body"];
    private static readonly string[] BlobColumns = ["prev", "hash"];

    private readonly JournalBench _bench = new();
    private readonly SqliteConnection _connection;
    private readonly byte[] _head;

    public TamperTests()
    {
        using (ActuationJournal journal = _bench.Open())
        {
            JournalEntry[] entries =
            [
                JournalBench.Granted("c1"),
                JournalBench.Outcome("c1"),
                JournalBench.Safe(type: JournalRecordType.LeaseEnd),
                JournalBench.Safe() with { Body = "" },
                JournalBench.Operator(),
                new JournalEntry(JournalRecordType.Decision, "", null, null, GateCodes.NotReady, "{}"),
            ];
            foreach (JournalEntry entry in entries) JournalBench.Append(journal, entry).GetAwaiter().GetResult();
        }

        _connection = _bench.OpenRaw();
        _head = File.ReadAllBytes(_bench.Paths.Head);
        Assert.Empty(Verify().Findings);
    }

    [Fact]
    public void Every_changed_byte_of_every_column_of_every_record_is_found_and_its_record_named()
    {
        foreach (int sequence in Enumerable.Range(1, Records))
        {
            foreach (string column in TextColumns.Concat(BlobColumns))
            {
                if (Bytes(sequence, column) is not { } original) continue;
                string type = TextColumns.Contains(column) ? "TEXT" : "BLOB";
                for (int i = 0; i < original.Length; i++)
                {
                    byte[] changed = [.. original];
                    changed[i] ^= 1;
                    MustFind(sequence, $"UPDATE journal SET {column} = CAST($value AS {type}) WHERE seq = {sequence}", changed);
                }
            }

            // SQLite has no exclusive or; x ^ y = (x | y) - (x & y).
            for (int bit = 0; bit < 64; bit++)
                MustFind(sequence, $"UPDATE journal SET at_ms = (at_ms | (1 << {bit})) - (at_ms & (1 << {bit})) WHERE seq = {sequence}");
        }
    }

    [Fact]
    public void A_tail_behind_a_NUL_byte_is_found_although_string_readers_do_not_show_it()
    {
        foreach (int sequence in Enumerable.Range(1, Records))
        {
            foreach (string column in TextColumns)
            {
                if (Bytes(sequence, column) is not { } original) continue;
                MustFind(sequence, $"UPDATE journal SET {column} = CAST($value AS TEXT) WHERE seq = {sequence}", [.. original, 0, (byte)'x']);
                MustFind(sequence, $"UPDATE journal SET {column} = CAST($value AS TEXT) WHERE seq = {sequence}", [.. original, 0]);
            }
        }
    }

    [Fact]
    public void Another_storage_class_with_the_same_bytes_is_found_and_its_column_named()
    {
        foreach (int sequence in Enumerable.Range(1, Records))
        {
            foreach (string column in TextColumns.Concat(BlobColumns).Append("at_ms"))
            {
                if (Bytes(sequence, column) is null) continue;
                string changed = column switch
                {
                    "at_ms" => "at_ms + 0.5",
                    "prev" or "hash" => $"CAST({column} AS TEXT)",
                    _ => $"CAST({column} AS BLOB)",
                };
                MustFind(sequence, $"UPDATE journal SET {column} = {changed} WHERE seq = {sequence}", null, column);
            }

            MustFind(sequence, $"UPDATE journal SET at_ms = 'soon' WHERE seq = {sequence}", null, "at_ms");
            MustFind(sequence, $"UPDATE journal SET at_ms = CAST(at_ms AS BLOB) WHERE seq = {sequence}", null, "at_ms");
        }
    }

    [Fact]
    public void NULL_and_an_empty_text_are_two_different_things()
    {
        foreach (int sequence in Enumerable.Range(1, Records))
        {
            foreach (string column in new[] { "actuator", "command_id", "permit_id" })
            {
                string changed = Bytes(sequence, column) is null ? "''" : "NULL";
                MustFind(sequence, $"UPDATE journal SET {column} = {changed} WHERE seq = {sequence}");
            }
        }
    }

    [Fact]
    public void Every_removed_record_is_missed_the_last_included()
    {
        foreach (int sequence in Enumerable.Range(1, Records))
        {
            IReadOnlyList<JournalFinding> findings = Changed($"DELETE FROM journal WHERE seq = {sequence}", null);
            long named = sequence == 1 ? 2 : sequence;
            Assert.Contains(findings, finding => finding.Sequence == named);
        }

        foreach (int first in Enumerable.Range(1, Records)) Assert.NotEmpty(Changed($"DELETE FROM journal WHERE seq >= {first}", null));
    }

    [Fact]
    public void Moved_and_exchanged_records_are_found()
    {
        foreach (int sequence in Enumerable.Range(1, Records))
        {
            foreach (int other in Enumerable.Range(1, Records + 2).Append(-1).Append(0).Where(n => n != sequence))
            {
                string swap = $"UPDATE journal SET seq = -99 WHERE seq = {other}; UPDATE journal SET seq = {other} WHERE seq = {sequence}; UPDATE journal SET seq = {sequence} WHERE seq = -99";
                Assert.Contains(Changed(swap, null), finding => finding.Sequence == sequence || finding.Sequence == other || finding.Sequence == Math.Min(sequence, other) + 1);
            }
        }
    }

    [Fact]
    public void Inserted_records_are_found()
    {
        foreach (int sequence in new[] { -5, 0, Records + 1, Records + 2 })
        {
            string insert =
                $"""
                INSERT INTO journal SELECT {sequence}, type, at_ms, clock_class, boot, actuator, command_id, permit_id, code, body, prev, hash
                FROM journal WHERE seq = 3
                """;
            Assert.Contains(Changed(insert, null), finding => finding.Sequence == sequence || finding.Sequence == Math.Max(1, sequence - 1));
        }
    }

    [Fact]
    public async Task A_rewritten_tail_with_correct_hashes_is_found_by_the_head()
    {
        _connection.Dispose();
        using var other = new JournalBench();
        using (ActuationJournal journal = other.Open())
        {
            for (int i = 0; i < Records; i++) await JournalBench.Append(journal, JournalBench.Operator("forged"));
        }

        File.Copy(other.Paths.Database, _bench.Paths.Database, overwrite: true);

        JournalFinding finding = Assert.Single(_bench.Verify().Findings);
        Assert.Equal((Records, "head", FailureClass.Auth), (finding.Sequence, finding.Place, finding.FailureClass));
    }

    [Fact]
    public void A_damaged_page_is_reported_as_storage_with_the_message_of_SQLite()
    {
        _connection.Dispose();
        byte[] file = File.ReadAllBytes(_bench.Paths.Database);
        for (int i = 4096; i < Math.Min(file.Length, 5 * 4096); i++) file[i] ^= 0x5A;
        File.WriteAllBytes(_bench.Paths.Database, file);

        JournalVerification report = _bench.Verify();

        Assert.Contains(report.Findings, finding => finding is { Place: "storage", FailureClass: FailureClass.Storage } && finding.What.Contains("SQLite says", StringComparison.Ordinal));
    }

    public void Dispose()
    {
        _connection.Dispose();
        _bench.Dispose();
    }

    private JournalVerification Verify() => JournalVerifier.Verify(_connection, _head, _bench.Signer.PublicKey.Span, _bench.Signer);

    private void MustFind(int sequence, string sql, byte[]? value = null, string? column = null)
    {
        IReadOnlyList<JournalFinding> findings = Changed(sql, value);
        bool named = findings.Any(finding => finding.Sequence == sequence && (column is null || finding.Place == column));
        Assert.True(named, $"{sql} [{(value is null ? "" : Convert.ToHexString(value))}] gave: {string.Join(" | ", findings)}");
    }

    /// <summary>What is found after a change that is then taken back.</summary>
    private IReadOnlyList<JournalFinding> Changed(string sql, byte[]? value)
    {
        Execute("SAVEPOINT tamper", null);
        Execute(sql, value);
        IReadOnlyList<JournalFinding> findings = Verify().Findings;
        Execute("ROLLBACK TO tamper; RELEASE tamper", null);
        return findings;
    }

    private void Execute(string sql, byte[]? value)
    {
        using SqliteCommand command = _connection.CreateCommand();
        command.CommandText = sql;
        if (value is not null) command.Parameters.AddWithValue("$value", value);
        command.ExecuteNonQuery();
    }

    private byte[]? Bytes(int sequence, string column)
    {
        using SqliteCommand command = _connection.CreateCommand();
        command.CommandText = $"SELECT CAST({column} AS BLOB) FROM journal WHERE seq = {sequence}";
        return command.ExecuteScalar() as byte[];
    }
}
