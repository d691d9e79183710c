using System.Text;
using System.Text.Json;
using ClawMesh.Edge.Agent.Recorder;

namespace ClawMesh.Edge.Tests.Agent.Cli;

public sealed class RecordVerbTests : IDisposable
{
    private const string Valve = "actuator:valve:zone-1";
    private static readonly DateTimeOffset Start = new(2024, 11, 21, 6, 0, 0, TimeSpan.Zero);

    private readonly CliBench _cli = new();

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task What_was_recorded_is_written_as_one_object_a_line_and_the_times_choose()
    {
        Record();

        Assert.Equal(0, await _cli.RunAsync("events", "record", "export", "--from", "2024-11-21T06:00:02Z", "--to", "2024-11-21T06:00:04Z"));

        string[] lines = _cli.Output.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["start", "second", "second", "event", "second"], lines.Select(l => JsonDocument.Parse(l).RootElement.GetProperty("kind").GetString()));
        Assert.Equal(1, JsonDocument.Parse(lines[1]).RootElement.GetProperty(Valve).GetProperty("commanded").GetDouble());
    }

    [Fact]
    public async Task A_trace_chooses_too_and_one_that_nobody_recorded_says_where_else_to_look()
    {
        Record();

        JsonElement data = await _cli.JsonAsync(0, "events record export", "ok", "events", "record", "export", "--trace", "cmd-7", "--output", _cli.At("out.jsonl"));

        Assert.Equal((9, 8, 1), (data.GetProperty("count").GetInt32(), data.GetProperty("seconds").GetInt32(), data.GetProperty("events").GetInt32()));
        Assert.Contains("\"trace\":\"cmd-7\"", await File.ReadAllTextAsync(_cli.At("out.jsonl")), StringComparison.Ordinal);
        await _cli.FailsAsync(1, "recorder.no_trace", "events", "record", "export", "--trace", "cmd-8", "--output", _cli.At("none"));
        Assert.False(File.Exists(_cli.At("none")));
    }

    [Fact]
    public async Task As_csv_each_value_is_a_line()
    {
        Record();

        Assert.Equal(0, await _cli.RunAsync("events", "record", "export", "--format", "csv"));

        string[] lines = _cli.Output.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("at,uptimeMs,kind,subject,field,value", lines[0]);
        Assert.Contains("2024-11-21T06:00:02.000Z,2000,second,actuator:valve:zone-1,commanded,1", lines);
        Assert.Contains("2024-11-21T06:00:03.000Z,,event,actuator:valve:zone-1,actuation.outcome,\"opened, and \"\"seen\"\"\"", lines);
        Assert.All(lines, l => Assert.True(l.Split(',').Length >= 6));
    }

    [Fact]
    public async Task What_a_power_cut_tore_is_passed_over_and_told()
    {
        Record();
        string file = Directory.GetFiles(Path.Combine(_cli.State.Path, "recorder")).Single();
        byte[] whole = await File.ReadAllBytesAsync(file);
        await File.WriteAllBytesAsync(file, whole[..^6]);

        JsonElement data = await _cli.JsonAsync(0, "events record export", "warn", "events", "record", "export", "--output", _cli.At("out.jsonl"));

        Assert.Equal(9, data.GetProperty("seconds").GetInt32());
        Assert.True(data.GetProperty("skippedBytes").GetInt64() > 0);
    }

    [Fact]
    public async Task What_cannot_be_asked_or_read_or_written_is_said()
    {
        await _cli.FailsAsync(1, "recorder.absent", "events", "record", "export", "--output", _cli.At("x"));
        Record();
        await _cli.FailsAsync(2, "cli.usage", "events", "record", "export", "--last", "soon", "--output", _cli.At("x"));
        await _cli.FailsAsync(2, "cli.usage", "events", "record", "export", "--from", "yesterday", "--output", _cli.At("x"));
        await _cli.FailsAsync(2, "cli.usage", "events", "record", "export", "--last", "5m", "--trace", "a", "--output", _cli.At("x"));
        await _cli.FailsAsync(1, "storage.write_failed", "events", "record", "export", "--output", _cli.At("no/such/folder/x"));
        await _cli.JsonAsync(2, "error", "fail", "events", "record", "export");
        JsonElement nothing = await _cli.JsonAsync(0, "events record export", "warn", "events", "record", "export", "--last", "1s", "--output", _cli.At("x"));
        Assert.Equal(0, nothing.GetProperty("count").GetInt32());
    }

    // Ten seconds of a valve that opens at the second one, and an event at the third.
    private void Record()
    {
        byte[] payload = new byte[256];
        byte[] buffer = new byte[512];
        var folder = new RecorderFolder(RecorderFolder.PathIn(_cli.State.Path));
        void Append(RecordKind kind, ReadOnlySpan<byte> of) => folder.Append(1, buffer.AsSpan(0, RecordFraming.Write(buffer, kind, of)));
        Append(RecordKind.Layout, new RecorderLayout("boot", "1.0.0", "farm", [Valve], ["bus"], ["sensor:flow:1"]).Write());
        for (int second = 0; second < 10; second++)
        {
            var w = new PayloadWriter(payload);
            w.Number64(Start.AddSeconds(second).ToUnixTimeMilliseconds());
            w.Number64(second * 1_000_000L);
            w.Number32(12);
            w.Byte(4);
            w.Byte(0);
            w.Byte(1);
            w.Number32(0);
            w.Number64(0);
            w.Number32(40_000);
            w.Number32(0);
            w.Byte((byte)(second >= 2 ? 1 : 0));
            w.Real(second >= 2 ? 1 : 0);
            w.Number32(5_000);
            w.Real(float.NaN);
            w.Byte(4);
            w.Real(7.5f);
            w.Number32(250);
            Append(RecordKind.Second, payload.AsSpan(0, w.Length));
            if (second == 3)
                Append(RecordKind.Event, Encoding.UTF8.GetBytes($$"""{"at":"2024-11-21T06:00:03.0000000Z","severity":"info","type":"actuation.outcome","subject":"{{Valve}}","message":"opened, and \"seen\"","trace":"cmd-7"}"""));
        }
    }
}
