using System.CommandLine;
using System.Text.Json;
using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Journal;
using Spectre.Console;

namespace ClawMesh.Edge.Agent.Cli.Verbs;

/// <summary><c>version</c>: what this binary is and which native libraries it found.</summary>
internal static class VersionVerb
{
    public static Command Build(GlobalOptions global)
    {
        var command = new Command("version", "Version, commit, framework, and the native libraries in use.");
        global.Report(command, (_, _, _) => Task.FromResult<IReport>(new VersionReport([Sqlite(), OpenSsl()])));
        return command;
    }

    private static NativeLibraryFacts Sqlite()
    {
        try
        {
            return new NativeLibraryFacts("SQLite", SqliteLibrary.Version, SqliteLibrary.Linkage, null);
        }
        catch (Exception missing) when (missing is DllNotFoundException or EntryPointNotFoundException or TypeInitializationException)
        {
            return new NativeLibraryFacts("SQLite", null, SqliteLibrary.Linkage, (missing.InnerException ?? missing).Message);
        }
    }

    private static NativeLibraryFacts OpenSsl()
    {
        const string Linkage = "loaded at run time";
        try
        {
            return new NativeLibraryFacts("OpenSSL", OpenSslLibrary.Version, Linkage, null);
        }
        catch (EdgeException missing)
        {
            return new NativeLibraryFacts("OpenSSL", null, Linkage, $"{missing.Why} {missing.Fix}");
        }
    }

    /// <param name="Version">Null when the library could not be used.</param>
    private sealed record NativeLibraryFacts(string Name, string? Version, string Linkage, string? Problem);

    private sealed record VersionReport(IReadOnlyList<NativeLibraryFacts> Libraries) : IReport
    {
        public string Kind => "version";

        public ReportStatus Status => Libraries.Any(l => l.Version is null) ? ReportStatus.Warn : ReportStatus.Ok;

        private static string Compilation => BuildFacts.IsAot ? "aot" : "jit";

        public void WriteData(Utf8JsonWriter writer)
        {
            writer.WriteStartObject();
            writer.WriteString("version", BuildFacts.Version);
            writer.WriteString("commit", BuildFacts.Commit);
            writer.WriteString("framework", BuildFacts.Framework);
            writer.WriteString("rid", BuildFacts.Rid);
            writer.WriteString("compilation", Compilation);
            writer.WriteStartArray("libraries");
            foreach (NativeLibraryFacts library in Libraries)
            {
                writer.WriteStartObject();
                writer.WriteString("name", library.Name);
                writer.WriteString("version", library.Version);
                writer.WriteString("linkage", library.Linkage);
                if (library.Problem is not null) writer.WriteString("problem", library.Problem);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        public void Render(IAnsiConsole console)
        {
            List<(string, string)> facts =
                [("clawmesh-edge", BuildFacts.Version), ("commit", BuildFacts.Commit), ("framework", BuildFacts.Framework), ("runtime", $"{BuildFacts.Rid}, {Compilation}")];
            foreach (NativeLibraryFacts l in Libraries) facts.Add((l.Name, l.Version is null ? $"not usable: {l.Problem}" : $"{l.Version}, {l.Linkage}"));
            console.Write(Facts.Grid([.. facts]));
        }
    }
}
