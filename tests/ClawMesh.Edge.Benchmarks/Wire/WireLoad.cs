using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;

namespace ClawMesh.Edge.Benchmarks.Wire;

/// <summary>How hard and how long.</summary>
/// <param name="Seconds">Of each ingest measurement.</param>
/// <param name="Rate">Frames per second to push; 0 for as many as the target takes.</param>
/// <param name="Gathered">64 KiB of frames to a system call. Otherwise one frame to a call, as peers send that have nothing waiting.</param>
internal sealed record LoadPlan(int Seconds, int Rate, bool Gathered);

/// <summary>The measurements of one running target. Every count that a classic acceptor's budget forces down stands in its row.</summary>
internal sealed class WireLoad(string name, Uri url, int pid, bool classic, string limits, LoadIdentity[] identities, WireMesh mesh, LoadPlan plan, WireFigures figures)
{
    private const int WarmUp = 20;

    /// <summary>Messages a connection may carry to a classic acceptor before it throws them away, handshake apart ([W-152]).</summary>
    private const int ClassicBudget = 80;

    private const int FramesPerSecond = 50;

    private const string WorldEntries = "worldModel.entries";

    private readonly LoadFrames _frames = new(identities[0]);

    public Uri Url => url;

    private int Calls => classic ? 2 * ClassicBudget : 500;

    /// <summary>Opens, proves, closes, one connection after the other.</summary>
    public async Task HandshakesAsync()
    {
        int count = classic ? 100 : 200;
        var whole = new Samples();
        var proof = new Samples();
        for (int i = -WarmUp; i < count; i++)
        {
            (WireSession session, DialTimes times) = await WireSession.DialAsync(url, identities[0], mesh);
            await session.DisposeAsync();
            if (i < 0) continue;
            whole.Add(Stopwatch.GetElapsedTime(times.Began, times.Verified).TotalMilliseconds);
            proof.Add(Stopwatch.GetElapsedTime(times.Open, times.Verified).TotalMilliseconds);
        }

        figures.Add("handshake: socket opened → result verified", name, $"{Spread(whole)} ({count} connects in a row)");
        figures.Add("handshake without TCP and upgrade", name, Spread(proof));
    }

    /// <summary>One request after the other on one session; on a new session when a classic budget is used up.</summary>
    public async Task CallsAsync(string method)
    {
        var took = new Samples();
        int connections = 0;
        string problem = "";
        while (took.Count < Calls && problem.Length == 0)
        {
            (WireSession session, _) = await WireSession.DialAsync(url, identities[0], mesh);
            connections++;
            int budget = classic ? ClassicBudget : Calls + WarmUp;
            for (int i = 0; i < budget && took.Count < Calls; i++)
            {
                long began = Stopwatch.GetTimestamp();
                WireAnswer answer = await session.CallAsync(method, method == "mesh.ping" ? $$"""{"t":{{NowMs}},"n":{{i}}}""" : "{}");
                double milliseconds = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
                if (!answer.Ok)
                {
                    problem = answer.Code;
                    break;
                }

                if (classic || i >= WarmUp) took.Add(milliseconds);
            }

            await session.DisposeAsync();
        }

        figures.Add($"{method}, request → answer", name, problem.Length > 0 ? $"not measured: {problem}" : $"{Spread(took)} ({Calls} calls in a row; connections: {connections})");
    }

    /// <summary>A frame in at one target and out at another, or at the same.</summary>
    /// <param name="exit">Where <c>load-b</c> listens.</param>
    public async Task FramesAsync(string what, Uri exit, int count)
    {
        var took = new Samples();
        int connections = 0;
        for (int sent = 0; sent < count;)
        {
            var waiting = new ConcurrentDictionary<string, long>();
            (WireSession receiver, _) = await WireSession.DialAsync(exit, identities[1], mesh);
            receiver.FrameHeard = (frame, at) =>
            {
                if (frame.TryGetProperty("frameId", out JsonElement id) && waiting.TryRemove(id.GetString()!, out long began)) took.Add(Stopwatch.GetElapsedTime(began, at).TotalMilliseconds);
            };
            (WireSession sender, _) = await WireSession.DialAsync(url, identities[0], mesh);
            connections++;
            // What a new session brings along must have settled.
            await Task.Delay(500);
            int budget = classic ? ClassicBudget : count + WarmUp;
            for (int i = 0; i < budget && sent < count; i++)
            {
                ReadOnlyMemory<byte> frame = _frames.Next(NowMs);
                bool counts = classic || i >= WarmUp;
                if (counts)
                {
                    waiting[_frames.LastId] = Stopwatch.GetTimestamp();
                    sent++;
                }

                await sender.SendAsync(frame);
                await Task.Delay(1000 / FramesPerSecond);
            }

            await Task.Delay(1000);
            receiver.FrameHeard = null;
            await sender.DisposeAsync();
            await receiver.DisposeAsync();
        }

        string arrived = took.Count == 0 ? "nothing arrived" : Spread(took);
        figures.Add(what, name, $"{arrived} ({took.Count} of {count} frames at {FramesPerSecond}/s; connections: {connections})");
    }

    /// <summary>The device id the target proves.</summary>
    public async Task<string> DeviceIdAsync()
    {
        (WireSession session, _) = await WireSession.DialAsync(url, identities[0], mesh);
        await session.DisposeAsync();
        return session.PeerId;
    }

    /// <summary>Pushes on a connection the tool dials.</summary>
    public async Task IngestDialledAsync()
    {
        (WireSession session, _) = await WireSession.DialAsync(url, identities[0], mesh);
        await using (session) await IngestAsync(session, "target accepted", _frames);
    }

    /// <summary>Pushes on a connection the target dialled.</summary>
    public async Task IngestAcceptedAsync(WireSession session)
    {
        await using (session) await IngestAsync(session, "target dialled", new LoadFrames(identities[2]));
    }

    private async Task IngestAsync(WireSession session, string direction, LoadFrames frames)
    {
        bool budgeted = classic && session.Dialled;
        string label = $"ingest, {direction}";
        double pssBefore = pid > 0 ? ProcessFigures.PssMegabytes(pid) : 0;
        if (!budgeted) await PushAsync(session, frames, TimeSpan.FromSeconds(2), long.MaxValue, null);
        IReadOnlyDictionary<string, double> before = await SettledAsync(session);
        var memory = new MemorySlope();
        double cpu = pid > 0 ? ProcessFigures.CpuSeconds(pid) : 0;
        long began = Stopwatch.GetTimestamp();
        long sent = await PushAsync(session, frames, TimeSpan.FromSeconds(plan.Seconds), budgeted ? ClassicBudget : long.MaxValue, pid > 0 ? () => memory.Add(ProcessFigures.PssMegabytes(pid)) : null);
        IReadOnlyDictionary<string, double> after = await SettledAsync(session);
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        double used = pid > 0 ? ProcessFigures.CpuSeconds(pid) - cpu : 0;
        double ingested = Difference(before, after, "mesh.frames.ingested");
        double limited = Difference(before, after, "mesh.inbound.rate_limited");

        string pace = budgeted ? $"{sent} frames, the budget of one connection" : plan.Rate > 0 ? $"pushed at {plan.Rate}/s for {plan.Seconds} s" : $"as fast as it takes, {plan.Seconds} s";
        pace += plan.Gathered ? ", 64 KiB a write" : ", one frame a write";
        figures.Add($"{label}: accepted", name, $"{(budgeted ? "" : $"{ingested / seconds:N0} frames/s, ")}{ingested:N0} of {sent:N0} ({pace}; {LoadFrames.Keys} keys, {frames.AverageBytes} bytes a message; its picture then has {after[WorldEntries]:0} keys)");
        figures.Add($"{label}: dropped by its limits", name, $"{limited:N0} (limits in force: {(classic && !session.Dialled ? "none in this direction [W-152]" : limits)})");
        if (pid <= 0) return;
        // Below a tenth of a second the kernel's ticks are too coarse to divide by.
        bool whole = used >= 0.1;
        figures.Add($"{label}: per CPU-second of the target", name, whole ? $"{ingested / used:N0} frames ({used:0.00} CPU-seconds)" : $"not measured: only {used:0.00} CPU-seconds", "≥ 150,000", whole && plan.Rate == 0 && limited == 0 ? ingested / used >= 150_000 : null);
        await Task.Delay(TimeSpan.FromSeconds(5));
        figures.Add(
            $"{label}: PSS before, highest during, 5 s after", name,
            $"{pssBefore:0.0} MB, {memory.Highest}, {ProcessFigures.PssMegabytes(pid):0.0} MB; {memory.Describe()}");
    }

    // The frames sent so far, all taken or dropped: an answer comes after what was sent before it. A classic node does not answer where
    // it dialled; there another connection asks until the count stands still.
    private async Task<IReadOnlyDictionary<string, double>> SettledAsync(WireSession session)
    {
        if (!classic) return await MetricsAsync(session);
        double last = -1;
        for (int tries = 0; ; tries++)
        {
            (WireSession asking, _) = await WireSession.DialAsync(url, identities[1], mesh);
            IReadOnlyDictionary<string, double> metrics;
            await using (asking) metrics = await MetricsAsync(asking);
            double ingested = metrics.GetValueOrDefault("mesh.frames.ingested");
            if (ingested == last || tries == 100) return metrics;
            last = ingested;
            await Task.Delay(100);
        }
    }

    private static async Task<IReadOnlyDictionary<string, double>> MetricsAsync(WireSession session)
    {
        WireAnswer answer = await session.CallAsync("mesh.health");
        // A target whose limit is exhausted by the load says so and fills up again.
        for (int tries = 0; !answer.Ok && answer.Code == "RATE_LIMITED" && tries < 100; tries++)
        {
            await Task.Delay(100);
            answer = await session.CallAsync("mesh.health");
        }

        if (!answer.Ok) throw new IOException($"mesh.health was refused: {answer.Code}");
        var metrics = new Dictionary<string, double> { [WorldEntries] = answer.Payload.GetProperty("worldModel").GetProperty("entries").GetDouble() };
        foreach (JsonElement metric in answer.Payload.GetProperty("metrics").EnumerateArray())
        {
            string metricName = metric.GetProperty("name").GetString()!;
            metrics[metricName] = metrics.GetValueOrDefault(metricName) + metric.GetProperty("value").GetDouble();
        }

        return metrics;
    }

    private async Task<long> PushAsync(WireSession session, LoadFrames frames, TimeSpan duration, long max, Action? eachSecond)
    {
        const int Batch = 64;
        long began = Stopwatch.GetTimestamp();
        long sent = 0;
        int seconds = 0;
        await session.GatherAsync(plan.Gathered);
        while (Stopwatch.GetElapsedTime(began) is var elapsed && elapsed < duration && sent < max)
        {
            if ((int)elapsed.TotalSeconds > seconds)
            {
                seconds = (int)elapsed.TotalSeconds;
                eachSecond?.Invoke();
            }

            long due = plan.Rate > 0 ? (long)(elapsed.TotalSeconds * plan.Rate) : sent + Batch;
            if (due <= sent)
            {
                await session.ReleaseAsync();
                await Task.Delay(5);
                continue;
            }

            long now = NowMs;
            for (long until = Math.Min(Math.Min(due, sent + Batch), max); sent < until; sent++) await session.SendAsync(frames.Next(now));
        }

        await session.GatherAsync(false);
        return sent;
    }

    private static long NowMs => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

    private static double Difference(IReadOnlyDictionary<string, double> before, IReadOnlyDictionary<string, double> after, string metric) =>
        after.GetValueOrDefault(metric) - before.GetValueOrDefault(metric);

    private static string Spread(Samples samples) => $"p50 {samples.Percentile(50):0.00} ms, p99 {samples.Percentile(99):0.00} ms";
}

/// <summary>One look at the memory each second; the growth by least squares, without the first fifth, in which stores fill.</summary>
internal sealed class MemorySlope
{
    // Over a minute the collector's saw teeth alone gave slopes between -960 and +300 MB/h.
    private const int Shortest = 300;

    private readonly List<double> _megabytes = [];

    public string Highest => _megabytes.Count == 0 ? "not looked at" : $"{_megabytes.Max():0.0} MB";

    public void Add(double megabytes) => _megabytes.Add(megabytes);

    public string Describe()
    {
        int skipped = _megabytes.Count / 5;
        int count = _megabytes.Count - skipped;
        if (count < Shortest) return $"no slope of {_megabytes.Count} s";
        double meanX = (count - 1) / 2.0, meanY = _megabytes.Skip(skipped).Average(), xy = 0, xx = 0;
        for (int i = 0; i < count; i++)
        {
            xy += (i - meanX) * (_megabytes[skipped + i] - meanY);
            xx += (i - meanX) * (i - meanX);
        }

        return $"slope {xy / xx * 3600:+0.0;-0.0} MB/h over the last {count} s of the load";
    }
}
