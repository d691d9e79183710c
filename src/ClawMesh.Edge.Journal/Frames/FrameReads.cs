using ClawMesh.Edge.Core.Storage;
using ClawMesh.Edge.Journal.Chain;
using ClawMesh.Edge.Journal.Writing;
using Microsoft.Data.Sqlite;

namespace ClawMesh.Edge.Journal.Frames;

/// <summary>What is on the disk. On a connection for reading, which sees what is committed.</summary>
internal static class FrameReads
{
    /// <summary>By number, up to the limits; the frame that crosses <paramref name="maxBytes"/> is the last.</summary>
    public static List<OutboxFrame> Signed(SqliteConnection connection, string origin, string epoch, SequenceRange range, int maxFrames, int maxBytes)
    {
        using var select = new PreparedCommand(connection, FrameSql.Signed, "$source", "$epoch", "$first", "$last", "$limit");
        select.Text(0, origin).Text(1, epoch).Integer(2, range.First).Integer(3, range.Last).Integer(4, maxFrames);
        return Read(select, maxBytes);
    }

    public static List<OutboxFrame> Head(SqliteConnection connection, string origin)
    {
        using var select = new PreparedCommand(connection, FrameSql.Head, "$source");
        return Read(select.Text(0, origin), int.MaxValue);
    }

    /// <param name="passed">Rows of these origins and hashes are passed over, and those read are added; null to look at no origin.</param>
    public static List<ClassicFrameId> Classic(SqliteConnection connection, long fromMs, long toMs, HashSet<(string Origin, string IdHash)>? passed)
    {
        using var select = new PreparedCommand(connection, FrameSql.Classic, "$from", "$to");
        using SqliteDataReader reader = select.Integer(0, fromMs).Integer(1, toMs).Read();
        var found = new List<ClassicFrameId>();
        while (reader.Read())
        {
            var id = new ClassicFrameId(reader.GetInt64(0), Text(reader, 1) ?? "");
            if (passed is null || passed.Add((Text(reader, 2) ?? "", id.IdHash))) found.Add(id);
        }

        return found;
    }

    public static PreparedCommand ByHash(SqliteConnection connection) => new(connection, FrameSql.ByHash, "$hash", "$limit");

    /// <summary>One frame for each origin that used the id, up to the limits.</summary>
    public static List<OutboxFrame> ByHash(PreparedCommand select, string idHash, int maxFrames, long maxBytes) =>
        Read(select.Text(0, idHash).Integer(1, maxFrames), maxBytes);

    public static List<OutboxFrame> OwnAfter(SqliteConnection connection, string self, long number, long sinceMs, int limit)
    {
        using var select = new PreparedCommand(connection, FrameSql.OwnAfter, "$source", "$after", "$since", "$limit");
        return Read(select.Text(0, self).Integer(1, number).Integer(2, sinceMs).Integer(3, limit), int.MaxValue);
    }

    public static List<OutboxFrame> Newest(SqliteConnection connection, int limit)
    {
        using var select = new PreparedCommand(connection, FrameSql.Newest, "$limit");
        return Read(select.Integer(0, limit), int.MaxValue);
    }

    private static List<OutboxFrame> Read(PreparedCommand select, long maxBytes)
    {
        using SqliteDataReader reader = select.Read();
        var found = new List<OutboxFrame>();
        long bytes = 0;
        while (bytes <= maxBytes && reader.Read())
        {
            byte[] text = RecordRow.Bytes(reader, 9) ?? [];
            bytes += text.Length;
            found.Add(new OutboxFrame(
                reader.GetInt64(0),
                new ArchivedFrame(
                    Text(reader, 2) ?? "", Text(reader, 1) ?? "", Text(reader, 8) ?? "", Text(reader, 4), reader.GetInt64(5), reader.GetInt64(6), reader.GetInt64(7),
                    Shelf.ClassOf(reader.GetInt64(3)), text)));
        }

        return found;
    }

    private static string? Text(SqliteDataReader reader, int ordinal) => RecordRow.Text(RecordRow.Bytes(reader, ordinal));
}
