using System.Text;
using System.Threading.Channels;
using ClawMesh.Edge.Agent.Cli.Views;
using ClawMesh.Edge.Agent.Logs;
using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Agent.Cli.Verbs;

internal enum LogFormat
{
    Text,
    Json,
    Journal,
}

/// <summary>
/// Writes the node's events as log lines. Events are published from places that must not wait for a pipe or a disk, so they go
/// through a bounded queue: full means the reader of the log is stuck, and then the oldest line goes and the loss is said.
/// </summary>
internal static class LogLines
{
    private const int Waiting = 1024;

    /// <summary>What <c>run</c> was told, or the journal where systemd connected standard output or error to it.</summary>
    public static LogFormat Choose(string? word, bool json, Func<string, string?> environment) => word switch
    {
        "json" => LogFormat.Json,
        "journal" => LogFormat.Journal,
        "text" => json ? LogFormat.Json : LogFormat.Text,
        _ when json => LogFormat.Json,
        _ => JournalSocket.IsStream(environment("JOURNAL_STREAM")) ? LogFormat.Journal : LogFormat.Text,
    };

    public static void Attach(EdgeNode node, TextWriter output, LogFormat format)
    {
        JournalSocket? journal = format == LogFormat.Journal ? new JournalSocket(JournalSocket.SystemPath) : null;
        Func<EdgeEvent, Task> write = journal is null ? e => WriteAsync(output, e, format == LogFormat.Json) : new JournalLog(journal, output).WriteAsync;
        (Task task, Action finish) = Attach(node.Events, write);
        node.Own(task, finish);
        if (journal is not null) _ = task.ContinueWith(_ => journal.Dispose(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    /// <returns>The task that writes, and what asks it to end.</returns>
    internal static (Task Task, Action Finish) Attach(EventLog events, Func<EdgeEvent, Task> write)
    {
        long lost = 0;
        Channel<EdgeEvent> queue = Channel.CreateBounded<EdgeEvent>(
            new BoundedChannelOptions(Waiting) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true },
            _ => Interlocked.Increment(ref lost));
        events.Published += e => queue.Writer.TryWrite(e);
        return (Task.Run(async () =>
        {
            await foreach (EdgeEvent e in queue.Reader.ReadAllAsync())
            {
                long gone = Interlocked.Exchange(ref lost, 0);
                try
                {
                    if (gone > 0) await write(Loss(gone, e.At));
                    gone = 0;
                    await write(e);
                }
                catch (IOException)
                {
                    // A full disk behind a redirected log, a terminal that is gone: the node goes on, and the loss is counted.
                    Interlocked.Add(ref lost, gone + 1);
                }
            }
        }), () => queue.Writer.TryComplete());
    }

    public static string Word(EventSeverity severity) => EventJson.Word(severity);

    private static async Task WriteAsync(TextWriter output, EdgeEvent e, bool json)
    {
        await output.WriteLineAsync(json ? Encoding.UTF8.GetString(EventJson.Utf8(e).Span) : EventsView.Line(e.At, Word(e.Severity), e.Type, e.Message, e.Trace));
        await output.FlushAsync();
    }

    private static EdgeEvent Loss(long lines, DateTimeOffset at) => new(
        0, at, EventTypes.Error, EventSeverity.Warning, "log", $"{lines} log lines were lost: they could not be written fast enough, or not at all.", FailureClass.Infra);
}
