using ClawMesh.Edge.Agent.Cli;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Boards;
using ClawMesh.Edge.Hardware.Sites;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>Sites as verbs need them: found by name or file, checked whole, or an error with every problem in it.</summary>
internal static class Sites
{
    public static BoardCatalog Boards { get; } = new();

    public static SiteCatalog Catalog { get; } = new(Boards);

    /// <summary>Null when the board's file has gone since the site was read.</summary>
    public static BoardDefinition? BoardOf(Site site) => Boards.Read(site.Board).Board;

    /// <summary>What <c>board check</c> can tell from the files alone: two users of a line, a pin of a bus in use, an address the module has taken.</summary>
    /// <exception cref="EdgeException"><c>site.invalid</c>, with every conflict in it.</exception>
    public static void RequireNoConflict(Site site)
    {
        if (site.Simulated || BoardOf(site) is not { } board) return;
        IReadOnlyList<BoardConflict> errors = [.. BoardConflicts.Find(site, board, ports: null, pinmux: null).Where(c => c.Severity == ProblemSeverity.Error)];
        if (errors.Count == 0) return;
        throw new EdgeException(
            ErrorCodes.SiteInvalid, $"Site '{site.Name}' cannot work on board '{board.Name}'.", string.Join(" ", errors.Take(8).Select(c => $"{c.Ref}: {c.What} {c.Fix}")),
            "`clawmesh-edge board check --site FILE` lists every conflict.", FailureClass.Config);
    }

    /// <exception cref="EdgeException"><c>site.invalid</c>, with every problem in it.</exception>
    public static Site Load(string nameOrFile) => OrThrow(Catalog.Read(nameOrFile), nameOrFile);

    /// <exception cref="EdgeException"><c>site.invalid</c>.</exception>
    public static Site OrThrow(SiteReadResult result, string nameOrFile)
    {
        if (result.Site is { } site && !result.Problems.Any(p => p.Severity == ProblemSeverity.Error)) return site;
        IReadOnlyList<ConfigProblem> errors = [.. result.Problems.Where(p => p.Severity == ProblemSeverity.Error)];
        throw new EdgeException(
            ErrorCodes.SiteInvalid, $"Site '{nameOrFile}' cannot be used.",
            string.Join(" ", errors.Take(8).Select(p => $"{p.Path}: {p.What} {p.Fix}")) + (errors.Count > 8 ? $" And {errors.Count - 8} more." : ""),
            $"`clawmesh-edge site check {nameOrFile}` lists every problem.", FailureClass.Config);
    }
}
