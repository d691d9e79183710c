using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Time;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Journal;
using Microsoft.Data.Sqlite;

namespace ClawMesh.Edge.Tests.Agent.Cli;

/// <summary>A journal as a node leaves it behind, for verbs to read.</summary>
internal static class StoredJournal
{
    public const string Valve = "actuator:valve:zone-1";

    /// <summary>Four records: a decision, its outcome, the end of its lease, and an operator's act with a hostile detail.</summary>
    /// <param name="repeats">So many more records of a command cmd-r.</param>
    public static async Task WriteAsync(StateDirectory state, int repeats = 0)
    {
        using DeviceIdentity identity = DeviceIdentity.LoadOrCreate(state.Path, TimeProvider.System);
        byte nonce = 0;
        using ActuationJournal journal = ActuationJournal.Open(
            state.Path, identity.Signer, new Ed25519Verifier(), () => ClockClass.Rtc, TimeProvider.System,
            () => [.. Enumerable.Repeat(++nonce, 16)], JournalOptions.Default);
        foreach (JournalEntry entry in (JournalEntry[])
        [
            new(JournalRecordType.Decision, Valve, "cmd-1", "pm-1", "OK", """{"granted":true,"caller":"operator:anna","operation":"open"}"""),
            new(JournalRecordType.Outcome, Valve, "cmd-1", "pm-1", "OK", """{"outcome":"done","message":"flow rose"}"""),
            new(JournalRecordType.LeaseEnd, Valve, "cmd-1", "pm-1", "lease_end", """{"confirmed":true,"onForMs":3000}"""),
            new(JournalRecordType.Operator, null, null, null, "release", """{"by":"operator:anna","detail":"[red]\u001b[2J"}"""),
        ])
        {
            await journal.AppendAsync(entry, null, CancellationToken.None);
        }

        for (int i = 0; i < repeats; i++) await journal.AppendAsync(new JournalEntry(JournalRecordType.Outcome, Valve, "cmd-r", "pm-2", "OK", """{"outcome":"done"}"""), null, CancellationToken.None);
    }

    /// <summary>Changes the file behind the node's back.</summary>
    public static void Tamper(StateDirectory state, string sql)
    {
        SqliteLibrary.Use();
        using var connection = new SqliteConnection($"Data Source={Path.Combine(state.Path, "edge.db")};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        Assert.True(command.ExecuteNonQuery() > 0);
    }
}
