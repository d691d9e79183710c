using System.Globalization;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Linux;
using Microsoft.Win32.SafeHandles;

namespace ClawMesh.Edge.Agent.Diag;

/// <summary>How long the disk takes to make a small write durable: every permit waits for one.</summary>
internal static class FsyncCheck
{
    private const int Rounds = 10;
    private const double SlowMs = 10;

    public static CheckOutcome Run(DiagContext context)
    {
        string directory = context.State.Path;
        if (PathAccess.Look(directory) == PathSight.Absent) return CheckOutcome.Skip("there is no state directory yet to measure in");
        if (!Directory.Exists(directory) || !PathAccess.MayWrite(directory)) return CheckOutcome.Skip("this user may not write into the state directory");

        double[] tookMs;
        try
        {
            tookMs = Measure(directory, context.Time);
        }
        catch (IOException full)
        {
            return CheckOutcome.Fail(FailureClass.Storage, "the disk does not take a small write", "Make room on it, or look for disk errors in `dmesg`.").Because(full.Message);
        }

        Array.Sort(tookMs);
        double median = tookMs[Rounds / 2];
        string text = string.Create(CultureInfo.InvariantCulture, $"a durable write takes {median:0.0} ms, at worst {tookMs[^1]:0.0} ms of {Rounds}");
        CheckOutcome outcome = median > SlowMs
            ? CheckOutcome.Warn(FailureClass.Storage, text, "Use eMMC, NVMe or an industrial SD card for the state directory, and see what else writes with `iotop`.")
                .Because(string.Create(CultureInfo.InvariantCulture, $"every command waits for one; more than {SlowMs} ms is felt"))
            : CheckOutcome.Pass(text);
        return outcome.With("p50Ms", Math.Round(median, 3)).With("maxMs", Math.Round(tookMs[^1], 3)).With("rounds", Rounds);
    }

    private static double[] Measure(string directory, TimeProvider time)
    {
        string path = Path.Combine(directory, $".diag-{Guid.NewGuid():N}");
        try
        {
            using SafeFileHandle file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write);
            byte[] block = new byte[512];
            double[] tookMs = new double[Rounds];
            for (int round = 0; round < Rounds; round++)
            {
                long started = time.GetTimestamp();
                RandomAccess.Write(file, block, (long)round * block.Length);
                RandomAccess.FlushToDisk(file);
                tookMs[round] = time.GetElapsedTime(started).TotalMilliseconds;
            }

            return tookMs;
        }
        finally
        {
            File.Delete(path);
        }
    }
}
