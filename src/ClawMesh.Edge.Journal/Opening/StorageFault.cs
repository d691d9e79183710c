using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace ClawMesh.Edge.Journal.Opening;

/// <summary>Turns what SQLite or the file system says into the words of an operator.</summary>
internal static class StorageFault
{
    private const string Reset = "Keep the file for examination; `clawmesh-edge journal reset` renames it and starts a new journal.";

    public static readonly JournalHealth Stopping = Unavailable("The node is stopping and has closed its journal.", "Start the node again.");

    public static JournalHealth Health(SqliteException fault, JournalPaths paths) =>
        Unavailable($"SQLite says '{Message(fault)}' about '{paths.Database}' (code {fault.SqliteExtendedErrorCode}).", FixFor(fault, paths));

    public static JournalHealth Health(Exception fault, string path, JournalPaths paths) =>
        Unavailable($"'{path}' could not be used: {fault.Message}", $"Make '{paths.StateDirectory}' writable for the node's user and free some space there; the node tries again by itself.");

    public static JournalHealth Unavailable(string why, string fix) => new(JournalState.Unavailable, why, fix);

    /// <summary>Something is in the file that this node did not leave there; only a person can say what to do.</summary>
    public static JournalHealth Disagrees(string why) =>
        Unavailable(why, "Run `clawmesh-edge audit verify` to see where; `clawmesh-edge journal reset` renames the journal and starts a new one.");

    public static JournalHealth NewerSchema(JournalPaths paths, long version, int known) => Unavailable(
        $"'{paths.Database}' has schema {version}; this program knows schemas up to {known}.",
        "Run the program version that wrote it, or `clawmesh-edge journal reset` to rename it and start a new journal.");

    public static JournalHealth ForeignFile(JournalPaths paths) => Unavailable(
        $"'{paths.Database}' is an SQLite database, but not one of this program: it has tables and no schema version.", Reset);

    public static EdgeException Exception(JournalHealth health, Exception? inner = null) => new(
        GateCodes.JournalUnavailable, "The actuation journal took no record.", health.Why, health.Fix, FailureClass.Storage, inner);

    public static EdgeException QueueFull(int capacity) => new(
        GateCodes.JournalUnavailable,
        "The actuation journal took no record.",
        $"queue full: {capacity} records are waiting for the disk.",
        "Wait and try again; `clawmesh-edge diag storage` shows how slow the disk is.",
        FailureClass.Storage);

    /// <summary>SQLite's own sentence without the wrapping of Microsoft.Data.Sqlite.</summary>
    public static string Message(SqliteException fault)
    {
        int first = fault.Message.IndexOf('\'', StringComparison.Ordinal);
        int last = fault.Message.LastIndexOf('\'');
        return last > first && first >= 0 ? fault.Message[(first + 1)..last] : fault.Message;
    }

    private static string FixFor(SqliteException fault, JournalPaths paths) => fault.SqliteErrorCode switch
    {
        raw.SQLITE_FULL => $"Free some space on the file system of '{paths.StateDirectory}'; the node tries again by itself.",
        raw.SQLITE_READONLY or raw.SQLITE_CANTOPEN or raw.SQLITE_PERM or raw.SQLITE_AUTH =>
            $"Make '{paths.StateDirectory}' and the files in it writable for the node's user; the node tries again by itself.",
        raw.SQLITE_BUSY or raw.SQLITE_LOCKED => "End the other program that writes to this file; the node tries again by itself.",
        raw.SQLITE_NOTADB or raw.SQLITE_CORRUPT => Reset,
        raw.SQLITE_CONSTRAINT => "Another program wrote to the journal. Run `clawmesh-edge audit verify`.",
        raw.SQLITE_IOERR =>
            $"Free some space on the file system of '{paths.StateDirectory}' or check the disk: `clawmesh-edge diag storage`, `dmesg`. The node tries again by itself.",
        _ => "Check the disk: `clawmesh-edge diag storage`, `dmesg`. The node tries again by itself.",
    };
}
