namespace ClawMesh.Edge.Journal;

/// <summary>The files of the memory inside one state directory.</summary>
internal sealed class JournalPaths(string stateDirectory)
{
    public string StateDirectory { get; } = Path.GetFullPath(stateDirectory);

    public string Database { get; } = Path.Combine(Path.GetFullPath(stateDirectory), "edge.db");

    public string Wal => Database + "-wal";

    public string SharedMemory => Database + "-shm";

    /// <summary>The signed head, outside the database on purpose: it betrays a shortened journal.</summary>
    public string Head => Database + ".head";

    /// <summary>Everything that <c>journal reset</c> renames, the database first.</summary>
    public IReadOnlyList<string> All => [Database, Wal, SharedMemory, Head];
}
