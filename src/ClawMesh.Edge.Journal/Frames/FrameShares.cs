using ClawMesh.Edge.Journal.Chain;
using ClawMesh.Edge.Journal.Writing;
using Microsoft.Data.Sqlite;

namespace ClawMesh.Edge.Journal.Frames;

/// <summary>What one origin has in the store, shelf by shelf.</summary>
internal sealed class FrameShare(string origin)
{
    public string Origin { get; } = origin;

    public long[] Rows { get; } = new long[Shelf.Count];

    public long[] Bytes { get; } = new long[Shelf.Count];

    /// <summary>Shelves whose row in <c>frame_groups</c> is out of date, a bit for each.</summary>
    public int Changed { get; set; }
}

/// <summary>
/// How much of the store belongs to whom. In memory as in <c>frame_groups</c>; has as many origins as there are frames at most.
/// A transaction that fails takes it along with its session.
/// </summary>
internal sealed class FrameShares : IDisposable
{
    private readonly Dictionary<string, FrameShare> _origins = new(StringComparer.Ordinal);
    private readonly List<FrameShare> _changed = [];
    private readonly PreparedCommand _put;
    private readonly PreparedCommand _remove;

    public FrameShares(SqliteConnection connection)
    {
        _put = new PreparedCommand(
            connection,
            """
            INSERT INTO frame_groups (source, shelf, stored, bytes) VALUES (CAST($source AS TEXT), $shelf, $stored, $bytes)
            ON CONFLICT (source, shelf) DO UPDATE SET stored = excluded.stored, bytes = excluded.bytes
            """,
            "$source", "$shelf", "$stored", "$bytes");
        _remove = new PreparedCommand(connection, "DELETE FROM frame_groups WHERE source = CAST($source AS TEXT) AND shelf = $shelf", "$source", "$shelf");

        using var groups = new PreparedCommand(connection, "SELECT CAST(source AS BLOB), shelf, stored, bytes FROM frame_groups");
        using SqliteDataReader reader = groups.Read();
        while (reader.Read())
        {
            if (reader.GetInt64(1) is >= 0 and < Shelf.Count and var shelf)
                Add(RecordRow.Text(RecordRow.Bytes(reader, 0))!, (int)shelf, reader.GetInt64(2), reader.GetInt64(3));
        }

        foreach (FrameShare share in _changed) share.Changed = 0;
        _changed.Clear();
    }

    public long[] Rows { get; } = new long[Shelf.Count];

    public long[] Bytes { get; } = new long[Shelf.Count];

    public FrameTotals Totals
    {
        get
        {
            (long rows, long bytes) = (0, 0);
            for (int shelf = 0; shelf < Shelf.Count; shelf++) (rows, bytes) = (rows + Rows[shelf], bytes + Bytes[shelf]);
            return new FrameTotals(rows, bytes);
        }
    }

    public void Add(string origin, int shelf, long rows, long bytes)
    {
        if (!_origins.TryGetValue(origin, out FrameShare? share)) _origins.Add(origin, share = new FrameShare(origin));
        share.Rows[shelf] += rows;
        share.Bytes[shelf] += bytes;
        Rows[shelf] += rows;
        Bytes[shelf] += bytes;
        if (share.Changed == 0) _changed.Add(share);
        share.Changed |= 1 << shelf;
    }

    /// <summary>The origin with the most on the shelves from <paramref name="first"/> to <paramref name="last"/>, and how much more that is than the next one's.</summary>
    public FrameShare? Largest(int first, int last, bool byBytes, out long lead)
    {
        FrameShare? largest = null;
        (long most, long next) = (0, 0);
        foreach (FrameShare share in _origins.Values)
        {
            long[] of = byBytes ? share.Bytes : share.Rows;
            long size = 0;
            for (int shelf = first; shelf <= last; shelf++) size += of[shelf];
            if (size > most) (largest, most, next) = (share, size, most);
            else if (size > next) next = size;
        }

        lead = most - next;
        return largest;
    }

    public FrameShare? Find(string origin) => _origins.GetValueOrDefault(origin);

    /// <summary>Brings <c>frame_groups</c> up to date, inside the caller's transaction.</summary>
    public void Write()
    {
        foreach (FrameShare share in _changed)
        {
            bool empty = true;
            for (int shelf = 0; shelf < Shelf.Count; shelf++)
            {
                empty &= share.Rows[shelf] == 0;
                if ((share.Changed & (1 << shelf)) == 0) continue;
                if (share.Rows[shelf] == 0) _remove.Text(0, share.Origin).Integer(1, shelf).Run();
                else _put.Text(0, share.Origin).Integer(1, shelf).Integer(2, share.Rows[shelf]).Integer(3, share.Bytes[shelf]).Run();
            }

            share.Changed = 0;
            if (empty) _origins.Remove(share.Origin);
        }

        _changed.Clear();
    }

    public void Dispose()
    {
        _put.Dispose();
        _remove.Dispose();
    }
}
