using ClawMesh.Edge.Journal.Chain;
using ClawMesh.Edge.Journal.Writing;
using Microsoft.Data.Sqlite;

namespace ClawMesh.Edge.Journal.Frames;

/// <summary>
/// Removes frames that are too old or too many ([X-32], [X-77]); docs/retention.md has the order. Verified frames and frames without
/// epoch have bounds of their own, so that nobody pushes out what is signed with what is not.
/// </summary>
internal sealed class FramePruning : IDisposable
{
    /// <summary>Rows in one transaction: somewhat more than it can insert, so that it catches up, and few enough for a record to wait for.</summary>
    private const int Slice = FrameTable.MaxBatch * 6 / 5;

    // Taken from the largest at once when many are equally large: one by one would look at all of them for every row.
    private const int FewRows = 8;
    private const int FewBytes = 8192;

    private readonly JournalOptions _options;
    private readonly FrameShares _shares;
    private readonly PreparedCommand _tooOld;
    private readonly PreparedCommand _delete;
    private readonly PreparedCommand _oldest;
    private readonly PreparedCommand _deleteThrough;

    public FramePruning(SqliteConnection connection, JournalOptions options, FrameShares shares)
    {
        (_options, _shares) = (options, shares);
        _tooOld = new PreparedCommand(connection, FrameSql.TooOld, "$shelf", "$before", "$limit");
        _delete = new PreparedCommand(connection, "DELETE FROM frames WHERE id = $id", "$id");
        _oldest = new PreparedCommand(connection, FrameSql.OldestOnShelf, "$source", "$shelf", "$limit");
        _deleteThrough = new PreparedCommand(connection, FrameSql.DeleteThrough, "$source", "$shelf", "$through");
    }

    /// <summary>True when there is more than the bounds allow.</summary>
    public bool IsDue => TryFindSurplus(Shelf.Classic, out _) || TryFindSurplus(Shelf.Signed, out _);

    /// <summary>Removes a slice, inside the caller's transaction.</summary>
    /// <param name="nowMs">Null when the wall clock rests on nothing: ages are not judged then.</param>
    public int Run(long? nowMs, out bool more)
    {
        int left = Slice;
        for (int shelf = 0; shelf < Shelf.Count && nowMs is { } now; shelf++) left -= RemoveOld(shelf, now, left);
        foreach (int side in (ReadOnlySpan<int>)[Shelf.Classic, Shelf.Signed])
        {
            while (left > 0 && TryFindSurplus(side, out Surplus surplus)) left -= RemoveFromLargest(surplus, left);
        }

        more = left <= 0;
        return Slice - left;
    }

    /// <summary>Removes up to a slice of an origin's rows up to a place; how many.</summary>
    public int Remove(FrameShare share, long until)
    {
        int removed = 0;
        for (int shelf = 0; shelf < Shelf.Count && removed < Slice; shelf++) removed += RemoveOldest(share, shelf, Slice - removed, int.MaxValue, 0, until);
        return removed;
    }

    public void Dispose()
    {
        _tooOld.Dispose();
        _delete.Dispose();
        _oldest.Dispose();
        _deleteThrough.Dispose();
    }

    private int RemoveOld(int shelf, long nowMs, int limit)
    {
        TimeSpan age = shelf % Shelf.Signed == Shelf.Safety ? _options.SafetyAge : shelf < Shelf.Signed ? _options.ClassicAge : _options.SignedAge;
        long before = nowMs - (long)age.TotalMilliseconds;
        var old = new List<(long Id, string Origin, long Bytes)>();
        using (SqliteDataReader reader = _tooOld.Integer(0, shelf).Integer(1, before).Integer(2, limit).Read())
        {
            while (reader.Read()) old.Add((reader.GetInt64(0), RecordRow.Text(RecordRow.Bytes(reader, 1))!, reader.GetInt64(2)));
        }

        foreach ((long id, string origin, long bytes) in old)
        {
            _delete.Integer(0, id).Run();
            _shares.Add(origin, shelf, -1, -bytes);
        }

        return old.Count;
    }

    // Safety frames first as far as they exceed their half; everything else has what they leave. So neither crowds out the other.
    private bool TryFindSurplus(int side, out Surplus surplus)
    {
        int safety = side + Shelf.Safety;
        (long maxRows, long maxBytes) = side == Shelf.Classic
            ? (_options.MaxClassicFrames, _options.MaxFrameBytes / 4)
            : (_options.MaxFrames, _options.MaxFrameBytes);
        surplus = new Surplus(safety, safety, _shares.Rows[safety] - ((maxRows + 1) / 2), _shares.Bytes[safety] - (maxBytes / 2));
        if (surplus.Any) return true;

        if (side == Shelf.Signed) maxBytes -= _shares.Bytes[0] + _shares.Bytes[1] + _shares.Bytes[2];
        (long rows, long bytes) = (0, 0);
        for (int shelf = side; shelf <= safety; shelf++) (rows, bytes) = (rows + _shares.Rows[shelf], bytes + _shares.Bytes[shelf]);
        surplus = new Surplus(side, safety - 1, rows - maxRows, bytes - maxBytes);
        return surplus.Any && _shares.Rows[side] + _shares.Rows[side + 1] > 0;
    }

    private int RemoveFromLargest(Surplus surplus, int limit)
    {
        bool byBytes = surplus.Rows <= 0;
        if (_shares.Largest(surplus.First, surplus.Last, byBytes, out long lead) is not { } share) return limit;
        int shelf = surplus.First;
        while (shelf < surplus.Last && share.Rows[shelf] <= 0) shelf++;
        int removed = byBytes
            ? RemoveOldest(share, shelf, limit, 1, Math.Min(surplus.Bytes, Math.Max(lead, FewBytes)), long.MaxValue)
            : RemoveOldest(share, shelf, limit, (int)Math.Min(limit, Math.Min(surplus.Rows, Math.Max(lead, FewRows))), 0, long.MaxValue);

        // The sums said otherwise: somebody else wrote to the file. They are put right, or this would never end.
        for (int wrong = surplus.First; removed == 0 && wrong <= shelf; wrong++) _shares.Add(share.Origin, wrong, -share.Rows[wrong], -share.Bytes[wrong]);
        return removed;
    }

    private int RemoveOldest(FrameShare share, int shelf, int limit, int rows, long bytes, long until)
    {
        int removed = 0;
        long freed = 0;
        long through = 0;
        using (SqliteDataReader reader = _oldest.Text(0, share.Origin).Integer(1, shelf).Integer(2, limit).Read())
        {
            while ((removed < rows || freed < bytes) && reader.Read() && reader.GetInt64(0) <= until)
            {
                through = reader.GetInt64(0);
                freed += reader.GetInt64(1);
                removed++;
            }
        }

        if (removed == 0) return 0;
        _deleteThrough.Text(0, share.Origin).Integer(1, shelf).Integer(2, through).Run();
        _shares.Add(share.Origin, shelf, -removed, -freed);
        return removed;
    }

    /// <summary>What the shelves from <paramref name="First"/> to <paramref name="Last"/> have to give up.</summary>
    private readonly record struct Surplus(int First, int Last, long Rows, long Bytes)
    {
        public bool Any => Rows > 0 || Bytes > 0;
    }
}
