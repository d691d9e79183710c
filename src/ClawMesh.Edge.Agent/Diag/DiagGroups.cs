using ClawMesh.Edge.Agent.Cli;
using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Agent.Diag;

/// <summary>The groups of this build, in the order they are shown. A group joins with its first check.</summary>
internal static class DiagGroups
{
    public static readonly IReadOnlyList<IDiagGroup> All = [new PlatformGroup(), new IoGroup(), new GpuGroup(), new StorageGroup(), new ClockGroup(), new NetworkGroup(), new TrustGroup(), new ServiceGroup()];

    public static string Names => string.Join(", ", All.Select(g => g.Name));

    /// <summary>The named groups, in the order of <see cref="All"/>; all of them when none is named.</summary>
    /// <exception cref="EdgeException"><c>cli.usage</c>: a group is not known.</exception>
    public static IReadOnlyList<IDiagGroup> Choose(IReadOnlyList<string> names)
    {
        string[] unknown = [.. names.Where(name => !All.Any(g => g.Name == name)).Distinct()];
        if (unknown.Length > 0)
        {
            throw new EdgeException(
                ErrorCodes.Usage, "Could not run diag.", $"There is no group '{string.Join("', '", unknown)}'; the groups are {Names}.",
                "Name one of them, or none to look at everything.", FailureClass.Config);
        }

        return names.Count == 0 ? All : [.. All.Where(g => names.Contains(g.Name))];
    }
}
