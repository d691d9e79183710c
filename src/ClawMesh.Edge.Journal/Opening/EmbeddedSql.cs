using System.Diagnostics;

namespace ClawMesh.Edge.Journal.Opening;

/// <summary>The schema texts, embedded under <c>Sql/NAME.sql</c>.</summary>
internal static class EmbeddedSql
{
    public static string Read(string name)
    {
        using Stream stream = typeof(EmbeddedSql).Assembly.GetManifestResourceStream($"Sql/{name}.sql")
            ?? throw new UnreachableException($"Sql/{name}.sql is not embedded.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
