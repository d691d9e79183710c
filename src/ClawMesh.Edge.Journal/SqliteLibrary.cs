using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using SQLitePCL;

namespace ClawMesh.Edge.Journal;

/// <summary>Which SQLite this process runs on, and how it came in. Everything that opens a database asks here first.</summary>
public static class SqliteLibrary
{
    private const string ImportName = "e_sqlite3";
    private const string SystemLibrary = "libsqlite3.so.0";

    private static readonly bool Ready = Initialise();

    /// <summary>What <c>sqlite_version()</c> says, e.g. <c>3.40.1</c>.</summary>
    public static string Version
    {
        get
        {
            Use();
            return raw.sqlite3_libversion().utf8_to_string();
        }
    }

    /// <summary><c>static</c> in the Native AOT binary, <c>system libsqlite3.so.0</c> in a JIT run.</summary>
    public static string Linkage => RuntimeFeature.IsDynamicCodeSupported ? $"system {SystemLibrary}" : "static";

    /// <summary>Sets the provider, once per process. Cheap afterwards.</summary>
    internal static void Use() => _ = Ready;

    private static bool Initialise()
    {
        // The AOT binary links libsqlite3.a by DirectPInvoke and never asks a resolver.
        if (RuntimeFeature.IsDynamicCodeSupported)
        {
            NativeLibrary.SetDllImportResolver(
                typeof(SQLite3Provider_e_sqlite3).Assembly,
                static (name, assembly, path) => name == ImportName ? NativeLibrary.Load(SystemLibrary, assembly, path) : 0);
        }

        raw.SetProvider(new SQLite3Provider_e_sqlite3());
        return true;
    }
}
