using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Boards;

namespace ClawMesh.Edge.Hardware.Sites;

/// <summary>Finds a site by what stands behind <c>--site</c>: a name, or a path (it contains <c>/</c> or ends in <c>.json</c>).</summary>
/// <param name="overrideDirectory">Named sites of this machine; they come before those inside the binary. Need not exist.</param>
public sealed class SiteCatalog(BoardCatalog boards, string overrideDirectory = SiteCatalog.SystemDirectory)
{
    public const string SystemDirectory = "/etc/clawmesh-edge/sites";

    private readonly ConfigDirectory _files = new("sites", overrideDirectory);

    public IReadOnlyList<string> Names() => _files.Names();

    public SiteReadResult Read(string nameOrFile)
    {
        var problems = new List<ConfigProblem>();
        (string Text, string Origin)? found = null;
        if (IsPath(nameOrFile))
        {
            if (ConfigDirectory.ReadFile(nameOrFile, problems) is { } text) found = (text, nameOrFile);
        }
        else if (ConfigDirectory.IsName(nameOrFile))
        {
            found = _files.Read(nameOrFile, problems);
        }

        if (found is { } file) return SiteFile.Read(file.Text, file.Origin, boards);
        if (problems.Count == 0)
            problems.Add(new(ProblemSeverity.Error, "--site", $"There is no site '{nameOrFile}'; this node knows {string.Join(", ", Names())}.", $"Choose one of them, give a path such as ./{nameOrFile}.json, or put the file into {overrideDirectory}."));
        return new SiteReadResult(null, problems, nameOrFile);
    }

    private static bool IsPath(string text) => text.Contains('/') || text.EndsWith(".json", StringComparison.Ordinal);
}
