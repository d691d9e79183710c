using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Sites;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>What a running node does with a configuration it has read again.</summary>
internal interface IReloadTarget
{
    /// <summary>Null when the site's and the board's files say what the node runs; otherwise what they say instead.</summary>
    /// <exception cref="EdgeException"><c>site.invalid</c>, with every problem in it.</exception>
    string? SiteDifference(string site);

    /// <summary>Leaves the record of who changed what.</summary>
    /// <exception cref="EdgeException"><c>JOURNAL_UNAVAILABLE</c>.</exception>
    Task JournalAsync(string detail, CancellationToken cancellationToken);

    /// <summary>Takes over what a running node can. Cannot fail.</summary>
    void Apply(NodeConfig config);
}

/// <summary>
/// Reads the configuration again while the node runs. All or nothing: afterwards the node runs what the files say, or exactly what it ran
/// before, and an event names every reason. Outputs, buses and their limits never change in a running node, energised or not.
/// </summary>
/// <param name="read">Reads <c>node.json</c> anew, under the same flags as at the start.</param>
internal sealed class NodeReload(NodeConfig running, Func<NodeConfig> read, IReloadTarget target, IEventSink events)
{
    /// <summary>The operator whose record it is: a signal does not say who sent it.</summary>
    public const string By = "operator:SIGHUP";

    private NodeConfig _running = running;

    /// <returns>True when the node runs what the files say.</returns>
    public async Task<bool> ReloadAsync(CancellationToken cancellationToken)
    {
        try
        {
            NodeConfig wanted = read();
            List<string> problems = Problems(wanted);
            if (problems.Count > 0)
            {
                Say(EventSeverity.Error, $"The configuration was read again and not taken over; nothing has changed. {string.Join(" ", problems)}");
                return false;
            }

            IReadOnlyList<ConfigChange> changes = ConfigChange.Between(_running, wanted);
            foreach (ConfigProblem warning in wanted.Problems) Say(EventSeverity.Warning, $"{warning.Path}: {warning.What} {warning.Fix}");
            if (changes.Count == 0)
            {
                Say(EventSeverity.Info, "The configuration was read again; it says what the node runs.");
                return true;
            }

            string told = string.Join("; ", changes);
            await target.JournalAsync(told, cancellationToken);
            target.Apply(wanted);
            _running = wanted;
            Say(EventSeverity.Info, $"The configuration was read again and taken over: {told}.");
            return true;
        }
        catch (EdgeException fault)
        {
            Say(EventSeverity.Error, $"The configuration was read again and not taken over; nothing has changed. {fault.What} {fault.Why} {fault.Fix}");
            return false;
        }
    }

    private List<string> Problems(NodeConfig wanted)
    {
        var problems = new List<string>();
        foreach (ConfigProblem problem in wanted.Problems)
        {
            if (problem.Severity == ProblemSeverity.Error) problems.Add($"{problem.Path}: {problem.What} {problem.Fix}");
        }

        if (problems.Count > 0) return problems;
        if (_running.HasFile && !wanted.HasFile) problems.Add("node.json was there when it was read last, and is gone: without it every setting would be its default.");
        foreach (ConfigProblem unknown in wanted.Problems)
        {
            // Those of the start were told then; a new one is a slip of the pen in what is to be taken over.
            if (!_running.Problems.Any(p => p.Path == unknown.Path)) problems.Add($"{unknown.Path}: {unknown.What} {unknown.Fix}");
        }

        foreach (ConfigChange change in ConfigChange.Between(_running, wanted))
        {
            if (!ReloadKeys.IsLive(change.Key)) problems.Add($"{change} needs a restart: {ReloadKeys.AfterRestart.GetValueOrDefault(change.Key, "it is read at the start alone")}.");
        }

        // A site that is named anew was told above, and is not the one to compare with.
        if (wanted.Text(ConfigKeys.Site) is { } site && site == _running.Text(ConfigKeys.Site))
        {
            try
            {
                if (target.SiteDifference(site) is { } difference) problems.Add(difference);
            }
            catch (EdgeException wrong)
            {
                problems.Add($"{wrong.What} {wrong.Why} {wrong.Fix}");
            }
        }

        if (problems.Count > 0) problems.Add("Take these back, or restart the node: its outputs go to their safe state meanwhile.");
        return problems;
    }

    private void Say(EventSeverity severity, string message) =>
        events.Publish(new EdgeEvent(0, default, EventTypes.Config, severity, "configuration", message, severity == EventSeverity.Info ? null : FailureClass.Config, OperatorOnly: true));
}
