using ClawMesh.Edge.Agent.Cli.Views;
using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Lifecycle;
using Spectre.Console;

namespace ClawMesh.Edge.Agent.Cli.Verbs;

/// <summary>The running node on a terminal: outputs with their lease countdowns, sensors, the last decisions. The same picture as <c>status</c>.</summary>
internal static class LiveTable
{
    private const int EventLines = 6;
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(500);

    /// <summary>Draws until <paramref name="until"/> ends, and shows its exception.</summary>
    public static async Task RunAsync(EdgeNode node, IAnsiConsole console, Task until, CancellationToken cancellationToken)
    {
        var views = new NodeViews(node);
        await console.Live(new Text("starting")).AutoClear(false).Overflow(VerticalOverflow.Ellipsis).Cropping(VerticalOverflowCropping.Bottom).StartAsync(async live =>
        {
            using var timer = new PeriodicTimer(Pace, node.Time);
            while (!until.IsCompleted)
            {
                live.UpdateTarget(StatusView.Draw(JsonMembers.Element(views.Status), LastEvents(node)));
                live.Refresh();
                await timer.WaitForNextTickAsync(cancellationToken);
            }
        });
        await until;
    }

    private static List<string> LastEvents(EdgeNode node) =>
        [.. node.Events.Newest(EventLines).Reverse().Select(e => EventsView.Line(e.At, LogLines.Word(e.Severity), e.Type, e.Message))];
}
