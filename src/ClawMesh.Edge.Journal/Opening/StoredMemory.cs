using System.Globalization;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Journal.Chain;
using Microsoft.Data.Sqlite;

namespace ClawMesh.Edge.Journal.Opening;

/// <summary>What an open reads into memory: replay window, settings, commands that a crash left open.</summary>
internal static class StoredMemory
{
    /// <summary>Every remembered command id, in the order of their decisions.</summary>
    public static IEnumerable<ReplayEntry> Commands(SqliteConnection connection)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText =
            """
            SELECT CAST(command_id AS BLOB), CAST(digest AS BLOB), CAST(sender AS BLOB), CAST(target AS BLOB), seq, CAST(outcome AS BLOB),
                   CAST(answer AS BLOB), at_ms
            FROM commands ORDER BY seq
            """;
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read())
        {
            string? outcome = Text(reader, 5);
            yield return new ReplayEntry(
                Text(reader, 0)!, Text(reader, 1)!, Text(reader, 2)!, Text(reader, 3)!, reader.GetInt64(4),
                ActuationOutcomeWords.Parse(outcome) ?? (outcome is null ? null : ActuationOutcome.OutcomeUnknown),
                Text(reader, 6)!, DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(7)));
        }
    }

    /// <summary>The latest time among the newest thousand records; null when there is none.</summary>
    public static long? LatestMs(SqliteConnection connection)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT MAX(at_ms) FROM (SELECT at_ms FROM journal ORDER BY seq DESC LIMIT 1000)";
        return command.ExecuteScalar() is long latest ? latest : null;
    }

    public static IEnumerable<KeyValuePair<string, string>> Settings(SqliteConnection connection)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT CAST(key AS BLOB), CAST(value AS BLOB) FROM settings";
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read()) yield return new KeyValuePair<string, string>(Text(reader, 0)!, Text(reader, 1)!);
    }

    /// <summary>
    /// Granted decisions without an outcome from before this process life, and record <paramref name="also"/> if it is one:
    /// its commit was reported as failed, so nobody in this life waits for its outcome.
    /// </summary>
    public static IReadOnlyList<OpenCommand> OpenCommands(SqliteConnection connection, string boot, long also)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText =
            """
            SELECT d.seq, CAST(d.command_id AS BLOB), CAST(d.actuator AS BLOB), CAST(d.permit_id AS BLOB)
            FROM journal d INDEXED BY journal_grants
            WHERE d.type = 'decision' AND d.code = 'OK' AND d.command_id IS NOT NULL AND (d.boot <> $boot OR d.seq = $also)
              AND NOT EXISTS (SELECT 1 FROM journal o WHERE o.type = 'outcome' AND o.command_id = d.command_id AND o.seq > d.seq)
            ORDER BY d.seq
            """;
        command.Parameters.AddWithValue("$boot", boot);
        command.Parameters.AddWithValue("$also", also);
        using SqliteDataReader reader = command.ExecuteReader();
        var open = new List<OpenCommand>();
        while (reader.Read()) open.Add(new OpenCommand(reader.GetInt64(0), Text(reader, 1)!, Text(reader, 2) ?? "", Text(reader, 3)));
        return open;
    }

    /// <summary>When commands began to be refused for ever ([X-44]).</summary>
    public static DateTimeOffset? Instant(string? milliseconds) =>
        long.TryParse(milliseconds, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value)
            ? DateTimeOffset.FromUnixTimeMilliseconds(value)
            : null;

    private static string? Text(SqliteDataReader reader, int ordinal) => RecordRow.Text(RecordRow.Bytes(reader, ordinal));
}
