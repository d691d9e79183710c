namespace ClawMesh.Edge.Journal.Frames;

/// <summary>The statements that look for frames. Each names its index: without statistics SQLite would sometimes walk the whole table.</summary>
internal static class FrameSql
{
    /// <summary>What <see cref="FrameReads"/> expects; texts as bytes, because a NUL byte hides the rest of a text.</summary>
    private const string Columns =
        "f.id, CAST(f.frame_id AS BLOB), CAST(f.source AS BLOB), f.shelf, CAST(f.epoch AS BLOB), f.seq, f.ts, f.received_ms, CAST(f.kind AS BLOB), CAST(f.json AS BLOB)";

    public const string Signed =
        $"""
        SELECT {Columns} FROM frames f INDEXED BY frames_signed
        WHERE f.source = CAST($source AS TEXT) AND f.epoch = CAST($epoch AS TEXT) AND f.seq BETWEEN $first AND $last ORDER BY f.seq LIMIT $limit
        """;

    public const string Head =
        $"""
        SELECT {Columns} FROM frames f INDEXED BY frames_signed
        WHERE f.source = CAST($source AS TEXT) AND f.epoch IS NOT NULL ORDER BY f.epoch DESC, f.seq DESC LIMIT 1
        """;

    public const string Classic =
        "SELECT ts, CAST(id_hash AS BLOB), CAST(source AS BLOB) FROM frames INDEXED BY frames_classic WHERE epoch IS NULL AND ts >= $from AND ts < $to ORDER BY ts, id_hash";

    public const string ByHash =
        $"SELECT {Columns} FROM frames f INDEXED BY frames_by_hash WHERE f.epoch IS NULL AND f.id_hash = CAST($hash AS TEXT) ORDER BY f.id LIMIT $limit";

    public const string ById =
        "SELECT id, shelf, bytes FROM frames INDEXED BY frames_by_id WHERE source = CAST($source AS TEXT) AND frame_id = CAST($frame AS TEXT)";

    public const string Newest = $"SELECT {Columns} FROM frames f ORDER BY f.id DESC LIMIT $limit";

    // The shelves of one origin, each in order of arrival, merged.
    public const string OwnAfter =
        $"""
        SELECT {Columns} FROM (
            SELECT id AS place FROM frames INDEXED BY frames_shelf WHERE source = CAST($source AS TEXT) AND shelf = 0 AND id > $after AND ts >= $since
            UNION ALL SELECT id FROM frames INDEXED BY frames_shelf WHERE source = CAST($source AS TEXT) AND shelf = 1 AND id > $after AND ts >= $since
            UNION ALL SELECT id FROM frames INDEXED BY frames_shelf WHERE source = CAST($source AS TEXT) AND shelf = 2 AND id > $after AND ts >= $since
            UNION ALL SELECT id FROM frames INDEXED BY frames_shelf WHERE source = CAST($source AS TEXT) AND shelf = 3 AND id > $after AND ts >= $since
            UNION ALL SELECT id FROM frames INDEXED BY frames_shelf WHERE source = CAST($source AS TEXT) AND shelf = 4 AND id > $after AND ts >= $since
            UNION ALL SELECT id FROM frames INDEXED BY frames_shelf WHERE source = CAST($source AS TEXT) AND shelf = 5 AND id > $after AND ts >= $since
            ORDER BY place LIMIT $limit
        ) CROSS JOIN frames f ON f.id = place ORDER BY place
        """;

    public const string TooOld =
        "SELECT id, CAST(source AS BLOB), bytes FROM frames INDEXED BY frames_age WHERE shelf = $shelf AND received_ms < $before ORDER BY received_ms LIMIT $limit";

    public const string OldestOnShelf =
        "SELECT id, bytes FROM frames INDEXED BY frames_shelf WHERE source = CAST($source AS TEXT) AND shelf = $shelf ORDER BY id LIMIT $limit";

    public const string DeleteThrough = "DELETE FROM frames INDEXED BY frames_shelf WHERE source = CAST($source AS TEXT) AND shelf = $shelf AND id <= $through";

    /// <summary>All of them, for the test that asks SQLite how it would run them.</summary>
    public static readonly string[] All = [Signed, Head, Classic, ByHash, ById, Newest, OwnAfter, TooOld, OldestOnShelf, DeleteThrough];
}
