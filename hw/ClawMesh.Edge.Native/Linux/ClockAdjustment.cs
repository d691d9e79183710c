using System.Runtime.InteropServices;

namespace ClawMesh.Edge.Native.Linux;

/// <summary><c>struct timex</c> of bits/timex.h on a 64-bit Linux: 208 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Size = 208)]
internal struct ClockTimex
{
    public uint Modes;

    /// <summary>Microseconds, or nanoseconds when <see cref="ClockAdjustment.StatusNanoseconds"/> is set.</summary>
    public long Offset;
    public long Frequency;

    /// <summary>Microseconds.</summary>
    public long MaxError;

    /// <summary>Microseconds.</summary>
    public long EstimatedError;
    public int Status;
}

/// <summary><c>adjtimex(2)</c>, reading only: <c>modes</c> is always 0, so no privilege is needed and nothing changes.</summary>
internal static partial class ClockAdjustment
{
    /// <summary>STA_UNSYNC.</summary>
    internal const int StatusUnsynchronised = 0x0040;

    /// <summary>STA_NANO.</summary>
    internal const int StatusNanoseconds = 0x2000;

    /// <summary>TIME_ERROR, the return value of a clock nobody disciplines.</summary>
    internal const int StateError = 5;

    /// <summary>The clock's state 0 to 5, or −1 with errno set, for example EPERM under systemd's <c>ProtectClock=</c>.</summary>
    internal static int Read(out ClockTimex timex)
    {
        timex = default;
        return AdjTimex(ref timex);
    }

    [LibraryImport("libc", EntryPoint = "adjtimex", SetLastError = true)]
    private static partial int AdjTimex(ref ClockTimex timex);
}
