using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Journal.Chain;
using Microsoft.Data.Sqlite;

namespace ClawMesh.Edge.Journal.Reading;

/// <summary>
/// Finds past times away from the safe value. One begins with a granted decision that has a permit; it ends with the first later
/// <c>lease_end</c> or <c>safe</c> of its output, or with an outcome of its command that says nothing stayed energised.
/// </summary>
internal static class Activations
{
    /// <summary>Activations that end at or after <paramref name="from"/> or not at all, by output and then oldest first.</summary>
    public static IReadOnlyList<PastActivation> Since(SqliteConnection connection, DateTimeOffset from)
    {
        var found = new List<PastActivation>();
        foreach (byte[] actuator in Actuators(connection)) found.AddRange(OfOne(connection, actuator, from));
        return found;
    }

    private static List<byte[]> Actuators(SqliteConnection connection)
    {
        // Hops from one name to the next in the index; a DISTINCT would read all of it.
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText =
            """
            WITH RECURSIVE names (name) AS (
                SELECT min(actuator) FROM journal WHERE actuator IS NOT NULL
                UNION ALL
                SELECT (SELECT min(actuator) FROM journal WHERE actuator > names.name) FROM names WHERE names.name IS NOT NULL
            )
            SELECT CAST(name AS BLOB) FROM names WHERE name IS NOT NULL
            """;
        using SqliteDataReader reader = command.ExecuteReader();
        var names = new List<byte[]>();
        while (reader.Read()) names.Add(RecordRow.Bytes(reader, 0)!);
        return names;
    }

    private static List<PastActivation> OfOne(SqliteConnection connection, byte[] actuator, DateTimeOffset from)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText =
            """
            SELECT type, at_ms, code, permit_id IS NOT NULL, coalesce(command_id, '')
            FROM journal WHERE actuator = CAST($actuator AS TEXT) ORDER BY seq DESC
            """;
        command.Parameters.AddWithValue("$actuator", actuator);
        using SqliteDataReader reader = command.ExecuteReader();

        var newestFirst = new List<PastActivation>();
        var endedByOutcome = new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal);
        DateTimeOffset? end = null;
        while (reader.Read())
        {
            DateTimeOffset at = DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(1));
            string code = reader.GetString(2);
            string commandId = reader.GetString(4);
            switch (JournalRecordTypeWords.Parse(reader.GetString(0)))
            {
                case JournalRecordType.Safe or JournalRecordType.LeaseEnd:
                    // Everything older ended here or earlier.
                    if (at < from) return Reversed(newestFirst);
                    end = at;
                    break;
                case JournalRecordType.Outcome when code is not (GateCodes.Ok or GateCodes.NoConfirmation):
                    endedByOutcome[commandId] = at;
                    break;
                case JournalRecordType.Decision when code == GateCodes.Ok && reader.GetInt64(3) != 0:
                    DateTimeOffset? own = endedByOutcome.TryGetValue(commandId, out DateTimeOffset refused) ? refused : null;
                    DateTimeOffset? ended = own is { } early && (end is not { } late || early < late) ? own : end;
                    if (ended is null || ended >= from) newestFirst.Add(new PastActivation(RecordRow.Text(actuator)!, at, ended));
                    break;
            }
        }

        return Reversed(newestFirst);
    }

    private static List<PastActivation> Reversed(List<PastActivation> newestFirst)
    {
        newestFirst.Reverse();
        return newestFirst;
    }
}
