using System.Text;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Journal.Chain;
using ClawMesh.Edge.Journal.Opening;
using Microsoft.Data.Sqlite;

namespace ClawMesh.Edge.Journal.Reading;

/// <summary>
/// Reads the actuation journal for <c>audit</c>: beside a live node, of a stopped one, or on a read-only directory. Shows what
/// stands there; whether that is what was written, <see cref="JournalVerifier"/> says. Every call opens for itself.
/// </summary>
/// <exception cref="EdgeException">
/// From every call: <c>journal.absent</c>, <c>journal.unreadable</c>, <c>journal.other_schema</c>, <c>journal.wal_unreadable</c>;
/// <c>journal.damaged_record</c> for a row that is none.
/// </exception>
public sealed class JournalReader(string stateDirectory)
{
    private readonly JournalPaths _paths = new(stateDirectory);

    /// <summary>The newest records that match, newest first; the oldest, oldest first, where the query asks for that.</summary>
    public IReadOnlyList<JournalRecord> List(JournalQuery query)
    {
        var where = new List<string>();
        if (query.ActuatorRef is not null) where.Add("actuator = CAST($actuator AS TEXT)");
        if (query.Type is not null) where.Add("type = $type");
        if (query.Trace is not null) where.Add("command_id = CAST($trace AS TEXT)");
        string filter = where.Count == 0 ? "" : " WHERE " + string.Join(" AND ", where);
        return [.. Read(filter + (query.OldestFirst ? " ORDER BY seq LIMIT $limit" : " ORDER BY seq DESC LIMIT $limit"), parameters =>
        {
            if (query.ActuatorRef is { } actuator) parameters.AddWithValue("$actuator", Encoding.UTF8.GetBytes(actuator));
            if (query.Type is { } type) parameters.AddWithValue("$type", type.Word());
            if (query.Trace is { } trace) parameters.AddWithValue("$trace", Encoding.UTF8.GetBytes(trace));
            parameters.AddWithValue("$limit", Math.Max(0, query.Limit));
        })];
    }

    /// <summary>One record; null when there is none with this sequence.</summary>
    public JournalRecord? Find(long sequence) =>
        Read(" WHERE seq = $seq", parameters => parameters.AddWithValue("$seq", sequence)).FirstOrDefault();

    /// <summary>All records, oldest first, read while they are enumerated; one consistent state, whatever is written meanwhile.</summary>
    public IEnumerable<JournalRecord> All() => Read(" ORDER BY seq", static _ => { });

    /// <summary>All records, oldest first, one JSON object per line.</summary>
    public IEnumerable<string> Lines() => All().Select(JournalLine.Of);

    private IEnumerable<JournalRecord> Read(string clauses, Action<SqliteParameterCollection> bind)
    {
        using SqliteConnection connection = EdgeDatabase.OpenReadOnly(_paths);
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = RecordRow.SelectList + clauses;
        bind(command.Parameters);
        using SqliteDataReader reader = Guarded(command.ExecuteReader);
        while (Guarded(reader.Read)) yield return Guarded(() => RecordRow.Read(reader)).ToRecord();
    }

    private T Guarded<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (SqliteException fault)
        {
            throw EdgeDatabase.Unreadable(fault, _paths);
        }
    }
}
