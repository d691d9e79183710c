using ClawMesh.Edge.Journal.Opening;
using Microsoft.Data.Sqlite;

namespace ClawMesh.Edge.Journal.Reading;

/// <summary>
/// Compares the memory of command ids with the decisions it came from. The chain does not cover that table; without this a deleted
/// row would let a command act twice and verify clean.
/// </summary>
internal static class ReplayCheck
{
    // The window is 24 h ([W-104]); an hour less, so that a row pruned a moment ago is no finding.
    private const string Forgotten =
        """
        SELECT d.seq, d.command_id, c.command_id IS NULL
        FROM (SELECT seq, command_id, CASE WHEN json_valid(body) THEN json_extract(body, '$.digest') END AS digest
              FROM journal
              WHERE type = 'decision' AND code = 'OK' AND command_id IS NOT NULL AND at_ms > (SELECT max(at_ms) FROM journal) - 82800000) AS d
        LEFT JOIN commands AS c ON c.command_id = d.command_id
        WHERE d.digest IS NOT NULL AND (c.command_id IS NULL OR c.digest <> d.digest)
        ORDER BY d.seq LIMIT 100
        """;

    public static void Check(SqliteConnection connection, Findings findings)
    {
        if (EdgeDatabase.Scalar(connection, "SELECT NOT EXISTS (SELECT 1 FROM journal) AND EXISTS (SELECT 1 FROM commands)") is 1L)
            findings.Add(null, "chain", "There are no records, and command ids are remembered that came with some: the records were removed.");

        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = Forgotten;
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read())
        {
            findings.Add(
                reader.GetInt64(0), "commands",
                reader.GetInt64(2) == 1
                    ? $"The command '{reader.GetString(1)}' was granted here and is not remembered any more; it could act again."
                    : $"The command '{reader.GetString(1)}' is remembered with another digest than it was granted with.");
        }
    }
}
