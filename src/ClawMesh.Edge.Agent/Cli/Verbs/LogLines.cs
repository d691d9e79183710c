using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using ClawMesh.Edge.Agent.Cli.Views;
using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Lifecycle;

namespace ClawMesh.Edge.Agent.Cli.Verbs;

/// <summary>
/// Writes the node's events as log lines. Events are published from places that must not wait for a pipe or a disk, so they go
/// through a bounded queue: full means the reader of the log is stuck, and then the oldest line goes and the loss is said.
/// </summary>
internal static class LogLines
{
    private const int Waiting = 1024;

    public static void Attach(EdgeNode node, TextWriter output, bool json)
    {
        long lost = 0;
        Channel<EdgeEvent> queue = Channel.CreateBounded<EdgeEvent>(
            new BoundedChannelOptions(Waiting) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true },
            _ => Interlocked.Increment(ref lost));
        node.Events.Published += e => queue.Writer.TryWrite(e);
        node.Own(Task.Run(async () =>
        {
            await foreach (EdgeEvent e in queue.Reader.ReadAllAsync())
            {
                try
                {
                    if (Interlocked.Exchange(ref lost, 0) is > 0 and var gone) await output.WriteLineAsync(Line(Loss(gone, e.At), json));
                    await output.WriteLineAsync(Line(e, json));
                    await output.FlushAsync();
                }
                catch (IOException)
                {
                    // A full disk behind a redirected log, a terminal that is gone: the node goes on, and the loss is counted.
                    Interlocked.Increment(ref lost);
                }
            }
        }), () => queue.Writer.TryComplete());
    }

    private static EdgeEvent Loss(long lines, DateTimeOffset at) => new(
        0, at, EventTypes.Error, EventSeverity.Warning, "log", $"{lines} log lines were lost: they could not be written fast enough, or not at all.", FailureClass.Infra);

    private static string Line(EdgeEvent e, bool json) => json ? Json(e) : EventsView.Line(e.At, Word(e.Severity), e.Type, e.Message);

    public static string Word(EventSeverity severity) => severity switch { EventSeverity.Info => "info", EventSeverity.Warning => "warning", _ => "error" };

    private static string Json(EdgeEvent e)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var w = new Utf8JsonWriter(buffer, JsonText.Relaxed))
        {
            w.WriteStartObject();
            w.WriteString("at", e.At.UtcDateTime.ToString("O"));
            w.WriteString("severity", Word(e.Severity));
            w.WriteString("type", e.Type);
            w.WriteString("subject", e.Subject);
            w.WriteString("message", e.Message);
            if (e.FailureClass is { } failure) w.WriteString("failureClass", failure.Word());
            w.WriteNumber("sequence", e.Sequence);
            w.WriteNumber("schema", EdgeEvent.Schema);
            w.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
