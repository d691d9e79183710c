using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.Hardware.Sites;

namespace ClawMesh.Edge.Agent.Diag;

/// <summary>The site of this node: what the last run wrote down, else what <c>node.json</c> names.</summary>
/// <param name="Site">Null when there is none or it is not usable; the outcome says which.</param>
internal sealed record SiteFinding(Site? Site, CheckOutcome Outcome)
{
    public static readonly SiteFinding Late = new(null, CheckOutcome.Fail(
        FailureClass.Storage, "the site could not be read in time", "The file system of the state directory hangs: look at `dmesg | tail` and check its disk."));

    public static SiteFinding Find(DiagContext context)
    {
        string active = context.State.ActiveSiteFile;
        if (PathAccess.Look(active) != PathSight.Absent)
        {
            return context.SkipIfClosed(active) is { } closed ? new SiteFinding(null, closed) : Judge(ReadActive(active), active, "the last run of the node", "Stop and start the node with its site: it writes the file anew.");
        }

        if (context.Config is not { } config) return new SiteFinding(null, CheckOutcome.Skip(context.Closed(context.State.NodeConfigFile)));
        return config.Text(ConfigKeys.Site) is { Length: > 0 } name
            ? Judge(Sites.Catalog.Read(name), name, config.SourceOf(ConfigKeys.Site), $"`clawmesh-edge site check {name}` lists them; correct the file.")
            : new SiteFinding(null, CheckOutcome.Skip("no site is configured; `clawmesh-edge config set site simulated` or `run --site NAME|FILE` names one"));
    }

    private static SiteReadResult ReadActive(string path)
    {
        try
        {
            return ActiveSite.Read(File.ReadAllText(path), path);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return new SiteReadResult(null, [new(ProblemSeverity.Error, path, $"{path} cannot be read: {gone.Message}", "Check the path and its permissions.")], path);
        }
    }

    private static SiteFinding Judge(SiteReadResult read, string nameOrFile, string source, string fix)
    {
        IReadOnlyList<ConfigProblem> errors = [.. read.Problems.Where(p => p.Severity == ProblemSeverity.Error)];
        IEnumerable<string> problems = read.Problems.OrderByDescending(p => p.Severity).Select(p => $"{p.Path}: {p.What} {p.Fix}");
        if (read.Site is not { } site || errors.Count > 0)
        {
            return new SiteFinding(null, CheckOutcome.Fail(
                FailureClass.Config, $"site '{nameOrFile}' has {DiagText.Count(errors.Count, "error")}", fix)
                .Because(problems).With("site", nameOrFile).With("errors", errors.Count));
        }

        string summary = $"{site.Name} on board {site.Board}: {DiagText.Count(site.Sensors.Count, "sensor")}, {DiagText.Count(site.Actuators.Count, "actuator")}{(site.Simulated ? ", simulated" : "")}";
        CheckOutcome outcome = read.Problems.Count == 0
            ? CheckOutcome.Pass(summary)
            : CheckOutcome.Warn(FailureClass.Config, summary, $"`clawmesh-edge site check {nameOrFile}` explains each; correct the file.").Because(problems);
        return new SiteFinding(site, outcome
            .Because($"named by {source}; read from {read.Origin}")
            .With("site", site.Name).With("board", site.Board).With("simulated", site.Simulated)
            .With("sensors", site.Sensors.Count).With("actuators", site.Actuators.Count));
    }
}
