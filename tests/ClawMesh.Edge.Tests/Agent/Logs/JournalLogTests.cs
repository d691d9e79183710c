using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using ClawMesh.Edge.Agent.Cli.Verbs;
using ClawMesh.Edge.Agent.Logs;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Agent.Logs;

public sealed class JournalLogTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new();
    private Socket? _journald;

    private static readonly EdgeEvent Outcome = new(
        42, new DateTimeOffset(2026, 11, 21, 6, 0, 0, TimeSpan.Zero), EventTypes.ActuationOutcome, EventSeverity.Error, "actuator:valve:zone-1", "open: fault.", FailureClass.ActuationUnconfirmed,
        new Dictionary<string, string> { ["journalSeq"] = "17" }, "cmd-1");

    public void Dispose()
    {
        _journald?.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public async Task An_event_is_one_datagram_with_a_field_for_each_thing_to_search_by()
    {
        Listen();
        using var socket = new JournalSocket(_scratch.At("journal"));
        using var fallback = new StringWriter();

        await new JournalLog(socket, fallback).WriteAsync(Outcome);

        Assert.Equal(
            [
                ("MESSAGE", "open: fault."), ("PRIORITY", "3"), ("SYSLOG_IDENTIFIER", "clawmesh-edge"), ("CLAWMESH_EVENT", "actuation.outcome"),
                ("CLAWMESH_SUBJECT", "actuator:valve:zone-1"), ("CLAWMESH_SEQUENCE", "42"), ("CLAWMESH_FAILURE_CLASS", "actuation_unconfirmed"),
                ("CLAWMESH_TRACE", "cmd-1"), ("CLAWMESH_JOURNAL_SEQ", "17"),
            ],
            Received());
        Assert.Equal("", fallback.ToString());
    }

    [Fact]
    public async Task A_value_with_line_breaks_goes_by_its_length_and_begins_no_field_of_its_own()
    {
        Listen();
        using var socket = new JournalSocket(_scratch.At("journal"));

        await new JournalLog(socket, TextWriter.Null).WriteAsync(Outcome with { Message = "first\nPRIORITY=0\nÜ", Trace = null, Data = null });

        List<(string, string)> fields = Received();
        Assert.Equal(("MESSAGE", "first\nPRIORITY=0\nÜ"), fields[0]);
        Assert.Equal(("PRIORITY", "3"), fields[1]);
        Assert.DoesNotContain(fields, f => f.Item1 == "CLAWMESH_TRACE");
    }

    [Fact]
    public async Task A_value_without_end_is_cut_so_that_the_entry_still_fits_a_datagram()
    {
        Listen();
        using var socket = new JournalSocket(_scratch.At("journal"));
        using var fallback = new StringWriter();

        await new JournalLog(socket, fallback).WriteAsync(Outcome with { Message = new string('x', 1_000_000), Subject = new string('ü', 9_000) });

        Assert.Equal(8_192, Received()[0].Value.Length);
        Assert.Equal("", fallback.ToString());
    }

    [Fact]
    public async Task Without_a_journal_the_line_carries_its_priority_and_a_journal_that_comes_back_is_found()
    {
        using var socket = new JournalSocket(_scratch.At("journal"));
        using var fallback = new StringWriter();
        var log = new JournalLog(socket, fallback);

        await log.WriteAsync(Outcome with { Message = "two\nlines" });
        Listen();
        await log.WriteAsync(Outcome);
        Assert.Equal("open: fault.", Received()[0].Value);
        _journald!.Dispose();
        File.Delete(_scratch.At("journal"));
        await log.WriteAsync(Outcome with { Severity = EventSeverity.Info });

        Assert.Equal($"<3>actuation.outcome [cmd-1] two lines{Environment.NewLine}<6>actuation.outcome [cmd-1] open: fault.{Environment.NewLine}", fallback.ToString());
    }

    [Fact]
    public async Task A_writer_that_is_stuck_costs_the_oldest_lines_and_that_is_said()
    {
        var events = new EventLog(new ManualTime());
        var gate = new TaskCompletionSource();
        var written = new List<string>();
        (Task task, Action finish) = LogLines.Attach(events, async e =>
        {
            await gate.Task;
            written.Add(e.Message);
        });

        for (int i = 0; i < 3_000; i++) events.Publish(Outcome with { Message = $"event {i}" });
        gate.SetResult();
        finish();
        await task;

        Assert.Equal("event 2999", written[^1]);
        Assert.Contains(written, m => m.Contains("log lines were lost", StringComparison.Ordinal));
        Assert.InRange(written.Count, 1_000, 1_100);
    }

    [Fact]
    public async Task A_loss_that_could_not_be_said_is_said_later_with_what_was_lost_since()
    {
        var events = new EventLog(new ManualTime());
        int fails = 3;
        var written = new List<string>();
        (Task task, Action finish) = LogLines.Attach(events, e =>
        {
            if (fails-- > 0) throw new IOException("full");
            written.Add(e.Message);
            return Task.CompletedTask;
        });

        for (int i = 0; i < 4; i++) events.Publish(Outcome with { Message = $"event {i}" });
        finish();
        await task;

        Assert.Equal(["3 log lines were lost: they could not be written fast enough, or not at all.", "event 3"], written);
    }

    [Fact]
    public void The_stream_of_the_journal_is_known_by_its_inode()
    {
        Directory.CreateDirectory(_scratch.At("fd"));
        File.CreateSymbolicLink(_scratch.At("fd/1"), "pipe:[77]");
        File.CreateSymbolicLink(_scratch.At("fd/2"), "socket:[4711]");

        Assert.True(JournalSocket.IsStream("8:4711", _scratch.At("fd")));
        Assert.False(JournalSocket.IsStream("8:77", _scratch.At("fd")));
        Assert.False(JournalSocket.IsStream("8:4712", _scratch.At("fd")));
        Assert.False(JournalSocket.IsStream("4711", _scratch.At("fd")));
        Assert.False(JournalSocket.IsStream(null, _scratch.At("fd")));
        Assert.False(JournalSocket.IsStream("8:4711", _scratch.At("nowhere")));
    }

    [Theory]
    [InlineData("journal", false, LogFormat.Journal)]
    [InlineData("json", false, LogFormat.Json)]
    [InlineData("text", true, LogFormat.Json)]
    [InlineData(null, true, LogFormat.Json)]
    [InlineData(null, false, LogFormat.Text)]
    internal void What_was_asked_for_comes_before_what_was_found(string? word, bool json, LogFormat expected) =>
        Assert.Equal(expected, LogLines.Choose(word, json, _ => "8:1"));

    private void Listen()
    {
        _journald = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        _journald.Bind(new UnixDomainSocketEndPoint(_scratch.At("journal")));
        _journald.Blocking = false;
    }

    // As journald reads it: NAME=value, or NAME, the length in 64 bits, and the value.
    private List<(string Name, string Value)> Received()
    {
        byte[] buffer = new byte[JournalSocket.MaxEntry];
        ReadOnlySpan<byte> left = buffer.AsSpan(0, _journald!.Receive(buffer));
        var fields = new List<(string, string)>();
        while (left.Length > 0)
        {
            int end = left.IndexOfAny((byte)'=', (byte)'\n');
            string name = Encoding.ASCII.GetString(left[..end]);
            bool byLength = left[end] == '\n';
            left = left[(end + 1)..];
            int length = byLength ? (int)BinaryPrimitives.ReadUInt64LittleEndian(left) : left.IndexOf((byte)'\n');
            if (byLength) left = left[8..];
            fields.Add((name, Encoding.UTF8.GetString(left[..length])));
            Assert.Equal((byte)'\n', left[length]);
            left = left[(length + 1)..];
        }

        return fields;
    }
}
