namespace ClawMesh.Edge.Hardware.Inference.Onnx;

/// <summary>How long runs of one size take, in microseconds.</summary>
/// <param name="Bare">The C function alone, called in turn with the binding on the same tensors.</param>
/// <param name="BytesPerRun">Managed bytes the binding allocated per run.</param>
public sealed record ModelTiming(int Batch, int Runs, Percentiles Binding, Percentiles Bare, double BytesPerRun)
{
    /// <summary>Rounds of this many runs alternate, so that a change of the clock hits both.</summary>
    private const int Round = 8;

    private const int MaxRuns = 2_048;

    /// <param name="limit">When to stop; one round each is always made.</param>
    public static ModelTiming Measure(OrtSession session, int batch, TimeSpan limit, TimeProvider time)
    {
        using OrtRun run = session.Prepare(batch);
        // The first run lets the library lay out its memory, the second uses it.
        run.Run();
        run.Run();
        var binding = new long[MaxRuns];
        var bare = new long[MaxRuns];
        long from = time.GetTimestamp(), allocated = 0;
        int runs = 0;
        while (runs < MaxRuns && (runs == 0 || time.GetElapsedTime(from) < limit))
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = runs; i < runs + Round; i++)
            {
                long start = System.Diagnostics.Stopwatch.GetTimestamp();
                run.Run();
                binding[i] = System.Diagnostics.Stopwatch.GetTimestamp() - start;
            }

            allocated += GC.GetAllocatedBytesForCurrentThread() - before;
            run.RunBare(bare.AsSpan(runs, Round));
            runs += Round;
        }

        return new ModelTiming(batch, runs, Percentiles.Of(binding.AsSpan(0, runs)), Percentiles.Of(bare.AsSpan(0, runs)), (double)allocated / runs);
    }
}

/// <summary>Of durations, in microseconds.</summary>
public sealed record Percentiles(double Min, double P50, double P99)
{
    /// <param name="ticks">Of <see cref="System.Diagnostics.Stopwatch"/>; sorted in place, not empty.</param>
    internal static Percentiles Of(Span<long> ticks)
    {
        ticks.Sort();
        double scale = 1e6 / System.Diagnostics.Stopwatch.Frequency;
        return new Percentiles(ticks[0] * scale, ticks[ticks.Length / 2] * scale, ticks[(ticks.Length * 99) / 100] * scale);
    }
}
