using System.Text;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using Microsoft.Data.Sqlite;

namespace ClawMesh.Edge.Journal.Chain;

/// <summary>One row as it stands in the file, whatever somebody made of it.</summary>
/// <param name="Types">SQLite's storage class of every column, in order.</param>
internal sealed record RecordRow(RecordColumns Columns, byte[] Hash, string[] Types)
{
    /// <summary>The select list that <see cref="Read"/> expects. Texts come as bytes, because a NUL byte hides the rest of a text.</summary>
    public const string SelectList =
        """
        SELECT seq, CAST(type AS BLOB), CAST(at_ms AS INTEGER), CAST(clock_class AS BLOB), CAST(boot AS BLOB), CAST(actuator AS BLOB),
               CAST(command_id AS BLOB), CAST(permit_id AS BLOB), CAST(code AS BLOB), CAST(body AS BLOB), CAST(prev AS BLOB), CAST(hash AS BLOB),
               typeof(seq) || ' ' || typeof(type) || ' ' || typeof(at_ms) || ' ' || typeof(clock_class) || ' ' || typeof(boot) || ' ' ||
               typeof(actuator) || ' ' || typeof(command_id) || ' ' || typeof(permit_id) || ' ' || typeof(code) || ' ' || typeof(body) || ' ' ||
               typeof(prev) || ' ' || typeof(hash)
        FROM journal
        """;

    private static readonly (string Name, string Type, bool MayBeNull)[] Expected =
    [
        ("seq", "integer", false), ("type", "text", false), ("at_ms", "integer", false), ("clock_class", "text", false),
        ("boot", "text", false), ("actuator", "text", true), ("command_id", "text", true), ("permit_id", "text", true),
        ("code", "text", false), ("body", "text", false), ("prev", "blob", false), ("hash", "blob", false),
    ];

    public static RecordRow Read(SqliteDataReader reader) => new(
        new RecordColumns(
            reader.GetInt64(0),
            Bytes(reader, 1) ?? [],
            reader.IsDBNull(2) ? 0 : reader.GetInt64(2),
            Bytes(reader, 3) ?? [],
            Bytes(reader, 4) ?? [],
            Bytes(reader, 5),
            Bytes(reader, 6),
            Bytes(reader, 7),
            Bytes(reader, 8) ?? [],
            Bytes(reader, 9) ?? [],
            Bytes(reader, 10) ?? []),
        Bytes(reader, 11) ?? [],
        reader.GetString(12).Split(' '));

    /// <summary>The columns whose storage class is not the one the schema declares.</summary>
    public IEnumerable<(string Column, string What)> WrongTypes()
    {
        for (int i = 0; i < Expected.Length; i++)
        {
            (string name, string type, bool mayBeNull) = Expected[i];
            if (Types[i] == type || (mayBeNull && Types[i] == "null")) continue;
            yield return (name, $"column '{name}' holds a value of type {Types[i]}, where {type} belongs");
        }
    }

    /// <summary>The row in Core's words.</summary>
    /// <exception cref="EdgeException"><c>journal.damaged_record</c>: it holds something that is none of them.</exception>
    public JournalRecord ToRecord()
    {
        JournalRecordType? type = JournalRecordTypeWords.Parse(Text(Columns.Type));
        bool plausible = Columns.AtMs >= DateTimeOffset.MinValue.ToUnixTimeMilliseconds() && Columns.AtMs <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();
        if (type is null || !plausible)
        {
            throw new EdgeException(
                "journal.damaged_record",
                $"Could not show journal record {Columns.Sequence}.",
                type is null ? $"Its type is '{Text(Columns.Type)}', which is no record type." : $"Its time is {Columns.AtMs} ms, which is no date.",
                "Run `clawmesh-edge audit verify`; the record was changed after it was written.",
                FailureClass.Storage);
        }

        return new JournalRecord(
            Columns.Sequence, type.Value, DateTimeOffset.FromUnixTimeMilliseconds(Columns.AtMs), Text(Columns.ClockClass)!, Text(Columns.Boot)!,
            Text(Columns.Actuator), Text(Columns.CommandId), Text(Columns.PermitId), Text(Columns.Code)!, Text(Columns.Body)!,
            Convert.ToHexStringLower(Hash));
    }

    /// <summary>A column's bytes; null for NULL. For select lists that cast texts to blobs.</summary>
    internal static byte[]? Bytes(SqliteDataReader reader, int ordinal) =>
        reader.IsDBNull(ordinal) ? null : reader.GetFieldValue<byte[]>(ordinal);

    internal static string? Text(byte[]? utf8) => utf8 is null ? null : Encoding.UTF8.GetString(utf8);
}
