using ClawMesh.Edge.Core.Storage;
using ClawMesh.Edge.Journal.Chain;
using ClawMesh.Edge.Journal.Writing;
using Microsoft.Data.Sqlite;

namespace ClawMesh.Edge.Journal.Frames;

/// <summary>The prepared statements for the table of what is known of each origin, with its bounds ([X-29]).</summary>
internal sealed class KnowledgeTable : IDisposable
{
    public const int MaxOrigins = 256;
    public const int MaxEpochs = 4;

    private readonly PreparedCommand _update;
    private readonly PreparedCommand _insert;
    private readonly PreparedCommand _dropEpochs;
    private readonly PreparedCommand _dropOrigin;
    private readonly PreparedCommand _forget;

    public KnowledgeTable(SqliteConnection connection)
    {
        _update = new PreparedCommand(
            connection,
            "UPDATE frame_knowledge SET highest = $highest, noted = $noted, ranges = CAST($ranges AS TEXT) WHERE source = CAST($source AS TEXT) AND epoch = CAST($epoch AS TEXT)",
            "$source", "$epoch", "$highest", "$noted", "$ranges");
        _insert = new PreparedCommand(
            connection,
            "INSERT INTO frame_knowledge (source, epoch, highest, noted, ranges) VALUES (CAST($source AS TEXT), CAST($epoch AS TEXT), $highest, $noted, CAST($ranges AS TEXT))",
            "$source", "$epoch", "$highest", "$noted", "$ranges");
        _dropEpochs = new PreparedCommand(
            connection,
            """
            DELETE FROM frame_knowledge WHERE source = CAST($source AS TEXT)
            AND epoch < (SELECT epoch FROM frame_knowledge WHERE source = CAST($source AS TEXT) ORDER BY epoch DESC LIMIT 1 OFFSET $kept - 1)
            """,
            "$source", "$kept");
        _dropOrigin = new PreparedCommand(
            connection,
            """
            DELETE FROM frame_knowledge WHERE (SELECT count(DISTINCT source) FROM frame_knowledge) > $kept
            AND source = (SELECT source FROM frame_knowledge GROUP BY source ORDER BY max(noted) LIMIT 1)
            """,
            "$kept");
        _forget = new PreparedCommand(connection, "DELETE FROM frame_knowledge WHERE source = CAST($source AS TEXT) AND noted <= $until", "$source", "$until");
    }

    public static List<SequenceKnowledge> Read(SqliteConnection connection)
    {
        using var select = new PreparedCommand(
            connection, "SELECT CAST(source AS BLOB), CAST(epoch AS BLOB), highest, CAST(ranges AS BLOB) FROM frame_knowledge ORDER BY source, epoch");
        using SqliteDataReader reader = select.Read();
        var known = new List<SequenceKnowledge>();
        while (reader.Read())
        {
            string ranges = RecordRow.Text(RecordRow.Bytes(reader, 3))!;
            if (KnowledgeText.Parse(RecordRow.Text(RecordRow.Bytes(reader, 0))!, RecordRow.Text(RecordRow.Bytes(reader, 1))!, reader.GetInt64(2), ranges) is { } epoch)
                known.Add(epoch);
        }

        return known;
    }

    public void Put(WaitingKnowledge waiting)
    {
        if (Bound(_update, waiting).Run() > 0) return;
        Bound(_insert, waiting).Run();

        // Only a new row can be one too many; the table has a thousand at most.
        _dropEpochs.Text(0, waiting.Knowledge.Origin).Integer(1, MaxEpochs).Run();
        _dropOrigin.Integer(0, MaxOrigins).Run();
    }

    public void Forget(string origin, long until) => _forget.Text(0, origin).Integer(1, until).Run();

    public void Dispose()
    {
        _update.Dispose();
        _insert.Dispose();
        _dropEpochs.Dispose();
        _dropOrigin.Dispose();
        _forget.Dispose();
    }

    private static PreparedCommand Bound(PreparedCommand command, WaitingKnowledge waiting) => command
        .Text(0, waiting.Knowledge.Origin).Text(1, waiting.Knowledge.Epoch).Integer(2, waiting.Knowledge.Highest).Integer(3, waiting.Noted)
        .Text(4, KnowledgeText.Format(waiting.Knowledge));
}
