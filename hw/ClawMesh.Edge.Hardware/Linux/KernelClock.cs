using System.Runtime.InteropServices;
using ClawMesh.Edge.Native.Linux;

namespace ClawMesh.Edge.Hardware.Linux;

/// <param name="Disciplined">A time service steers the clock and the kernel believes it.</param>
/// <param name="MaxErrorMs">The kernel's bound on the error, in milliseconds; it grows by 0.5 ms per second without news. NaN when not known.</param>
/// <param name="EstimatedErrorMs">The time service's estimate, in milliseconds. NaN when not known.</param>
/// <param name="OffsetMs">What is still being slewed away, in milliseconds. NaN when not known.</param>
/// <param name="Source">What this rests on, for <c>diag clock</c>.</param>
public readonly record struct KernelClockReading(bool Disciplined, double MaxErrorMs, double EstimatedErrorMs, double OffsetMs, string Source);

/// <summary>Asks the kernel whether the wall clock is disciplined (<c>adjtimex</c>, reading only). Microseconds; never throws.</summary>
public static class KernelClock
{
    // Touched by systemd-timesyncd and systemd's time-sync target; the only sign left where seccomp forbids adjtimex (ProtectClock=).
    private const string TimesyncMark = "/run/systemd/timesync/synchronized";

    public static KernelClockReading Read()
    {
        int state = ClockAdjustment.Read(out ClockTimex timex);
        return state < 0
            ? WithoutKernel(LinuxFault.Text(Marshal.GetLastPInvokeError()), File.Exists(TimesyncMark))
            : Judge(state, in timex);
    }

    internal static KernelClockReading Judge(int state, in ClockTimex timex)
    {
        bool disciplined = state != ClockAdjustment.StateError && (timex.Status & ClockAdjustment.StatusUnsynchronised) == 0;
        double offsetPerMs = (timex.Status & ClockAdjustment.StatusNanoseconds) != 0 ? 1_000_000.0 : 1_000.0;
        return new KernelClockReading(
            disciplined,
            MaxErrorMs: timex.MaxError / 1_000.0,
            EstimatedErrorMs: timex.EstimatedError / 1_000.0,
            OffsetMs: timex.Offset / offsetPerMs,
            Source: disciplined ? "kernel: disciplined by NTP or PTP" : "kernel: STA_UNSYNC, no time service steers the clock");
    }

    internal static KernelClockReading WithoutKernel(string refusal, bool timesyncMark) => new(
        timesyncMark, double.NaN, double.NaN, double.NaN,
        timesyncMark ? $"{TimesyncMark} is present (adjtimex: {refusal})" : $"not known: adjtimex: {refusal}, and {TimesyncMark} is absent");
}
