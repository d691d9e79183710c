using System.Globalization;
using System.Text.Json;
using ClawMesh.Edge.Agent.Cli;
using ClawMesh.Edge.Agent.Cli.Verbs;
using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Time;
using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.Journal.Reading;

namespace ClawMesh.Edge.Agent.Diag;

/// <summary>What the wall clock rests on ([X-37]), and whether it runs behind what the node has already written ([X-47]).</summary>
internal sealed class ClockGroup : IDiagGroup
{
    private const string SetIt = "Run an NTP client (systemd-timesyncd, chrony), fit a battery-backed RTC, connect two Edge peers whose clocks agree with this one, or say the time with `clawmesh-edge clock set`.";

    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(5);

    public string Name => "clock";

    public Task<IReadOnlyList<DiagCheck>> ChecksAsync(DiagContext context, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<DiagCheck>>(
        [
            new(Name, "source", async _ => Source(Facts(context), await context.NodeAsync())) { DeadlineClass = FailureClass.Clock },
            new(Name, "journal", async _ => AgainstJournal(context, await context.NodeAsync())) { DeadlineClass = FailureClass.Storage },
        ]);

    internal static CheckOutcome Source(ClockFacts facts, NodeAnswer node)
    {
        // The node has the offset in force and knows its floor; the machine it asks is the same.
        JsonElement told = node.Edge.Member("clock");
        string clockClass = told.Text("class") is { Length: > 0 } c ? c : facts.Class.Word();
        string source = told.Text("source") is { Length: > 0 } s ? s : facts.Source;
        double offsetMs = told.Number("offsetMs") ?? facts.Offset.TotalMilliseconds;
        string clears = told.ValueKind == JsonValueKind.Object ? told.Text("clears") : facts.Clears;

        string peers = ClockVerb.PeersSay(told.Member("peers"));
        string offset = offsetMs == 0 ? "" : $", offset {DiagText.Number(offsetMs / 1000)} s";
        string text = $"{clockClass}: {source}{offset}";
        CheckOutcome outcome = clockClass == ClockClass.Unsynchronised.Word()
            ? CheckOutcome.Warn(FailureClass.Clock, $"{clockClass}{offset}", clears.Length > 0 ? clears : SetIt).Because(source, peers, "commands from other nodes are refused with CLOCK_UNTRUSTED until then")
            : CheckOutcome.Pass(text).Because(peers, clears);
        return outcome.With("class", clockClass).With("source", source).With("offsetMs", offsetMs)
            .With("kernelDisciplined", facts.KernelDisciplined).With("maxErrorMs", facts.MaxErrorMs);
    }

    internal static CheckOutcome Compare(DateTimeOffset now, DateTimeOffset newest)
    {
        TimeSpan behind = newest - now;
        string at = newest.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        CheckOutcome outcome = behind > Tolerance
            ? CheckOutcome.Warn(FailureClass.Clock, $"the wall clock is {DiagText.Span(behind)} behind the newest journal record", SetIt)
                .Because($"that record was written at {at}; commands from other nodes are refused with CLOCK_UNTRUSTED meanwhile")
            : CheckOutcome.Pass($"not behind the newest journal record of {at}");
        return outcome.With("newestRecordAt", at).With("behindSeconds", Math.Round(behind.TotalSeconds, 3));
    }

    private static ClockFacts Facts(DiagContext context) => context.Host.Clock(context.State, context.Time);

    private static CheckOutcome AgainstJournal(DiagContext context, NodeAnswer node)
    {
        DateTimeOffset now = context.Time.GetUtcNow();
        if (node.Presence == NodePresence.Answers)
        {
            // Both by the node's own clock, offset included.
            DateTimeOffset nodeNow = Time(node.Edge.Member("clock").Text("now")) ?? now;
            return Time(node.Edge.Member("journal").Text("newestRecordAt")) is { } newest ? Compare(nodeNow, newest) : CheckOutcome.Skip("the journal holds no record");
        }

        if (context.SkipUnlessReadable(Path.Combine(context.State.Path, "edge.db"), "there is no journal yet") is { } skip) return skip;
        try
        {
            return new JournalReader(context.State.Path).List(new JournalQuery(1)) is [var record, ..]
                ? Compare(now + Facts(context).Offset, record.At)
                : CheckOutcome.Skip("the journal holds no record");
        }
        catch (EdgeException unreadable)
        {
            // What is wrong with the journal is said under storage, once.
            return CheckOutcome.Skip($"the journal cannot be read: {unreadable.Why}");
        }
    }

    private static DateTimeOffset? Time(string text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time) ? time : null;
}
