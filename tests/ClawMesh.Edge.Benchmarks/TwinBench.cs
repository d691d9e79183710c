using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Frames;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.Benchmarks;

/// <summary>
/// Folds of known keys into the twin on one thread, by the CPU time they took: as text, the way frames of the mesh come, and as objects.
/// 400 keys, each frame with an id, a time and a value of its own. JIT, Release.
/// </summary>
internal static class TwinBench
{
    private const int Keys = 400;
    private const int Frames = 400_000;

    public static void Run(FigureTable table)
    {
        TimeProvider time = TimeProvider.System;
        long now = time.GetUtcNow().ToUnixTimeMilliseconds();
        var objects = new ContextFrame[Keys * 10];
        var texts = new byte[objects.Length][];
        for (int i = 0; i < objects.Length; i++)
        {
            objects[i] = Frame(i, now - objects.Length + i);
            texts[i] = JsonSerializer.SerializeToUtf8Bytes(objects[i], WireJson.Default.ContextFrame);
        }

        Measure(table, "text", time, (twin, i) => twin.Fold(texts[i % texts.Length], EvidenceTier.OperationalObservation, own: false));
        Measure(table, "objects", time, (twin, i) => twin.Fold(objects[i % objects.Length], EvidenceTier.OperationalObservation, own: false));

        TwinWriter full = Twin(time);
        foreach (byte[] text in texts) full.Fold(text, EvidenceTier.OperationalObservation, own: false);
        var pictures = new Samples();
        for (int i = 0; i < 2_000; i++)
        {
            full.Fold(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(Frame(i, now + i), WireJson.Default.ContextFrame)), EvidenceTier.OperationalObservation, own: false);
            long start = Stopwatch.GetTimestamp();
            _ = full.Current;
            pictures.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
        }

        table.Add($"a new picture after one change, {full.Current.Entities.Count} entities (JIT)", $"p50 {pictures.Percentile(50):0.0} µs, p99 {pictures.Percentile(99):0.0} µs", "", null);
    }

    private static void Measure(FigureTable table, string what, TimeProvider time, Action<TwinWriter, int> fold)
    {
        TwinWriter twin = Twin(time);
        for (int i = 0; i < Frames / 4; i++) fold(twin, i);
        twin = Twin(time);
        long bytes = GC.GetAllocatedBytesForCurrentThread();
        TimeSpan before = Process.GetCurrentProcess().TotalProcessorTime;
        for (int i = 0; i < Frames; i++) fold(twin, i);
        double seconds = (Process.GetCurrentProcess().TotalProcessorTime - before).TotalSeconds;
        bytes = GC.GetAllocatedBytesForCurrentThread() - bytes;
        table.Add(
            $"folds into the twin per CPU-second, {what} (JIT)",
            string.Create(CultureInfo.InvariantCulture, $"{Frames / seconds:N0}, {seconds / Frames * 1e9:0} ns and {(double)bytes / Frames:0} bytes each"), "", null);
    }

    private static TwinWriter Twin(TimeProvider time) => new(new NodeId(new string('a', NodeId.Length)), time, WorldClock.OfRealSite(time, TimeSpan.Zero));

    private static ContextFrame Frame(int i, long timestamp) => new()
    {
        Kind = FrameKinds.Observation,
        FrameId = $"5a0c7a4e-7e50-4ced-ac9f-{i:x12}",
        SourceDeviceId = new string('b', NodeId.Length),
        SourceDisplayName = "bench",
        Timestamp = timestamp,
        Data = JsonDocument.Parse($$"""{"zone":"zone-{{i % Keys / 4}}","metric":"metric-{{i % 4}}","value":{{20 + (i % 70) * 0.25}},"unit":"%","threshold":20,"status":"normal"}""").RootElement,
        Trust = new FrameTrust(["sensor"], TrustWords.T2),
    };
}
