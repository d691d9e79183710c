using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ClawMesh.Edge.Native.Linux;

/// <summary><c>struct watchdog_info</c> of linux/watchdog.h: 40 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct WatchdogInfo
{
    /// <summary>WDIOF_CARDRESET of <see cref="WatchdogDevice.TryGetBootStatus"/>: the last reset was the watchdog's.</summary>
    internal const int ResetByWatchdog = 0x20;

    /// <summary>WDIOF_MAGICCLOSE.</summary>
    internal const uint MagicClose = 0x100;

    public uint Options;
    public uint FirmwareVersion;
    public WatchdogIdentity Identity;
}

/// <summary>A name that ends with zero, or after 32 bytes.</summary>
[InlineArray(32)]
internal struct WatchdogIdentity
{
    private byte _first;
}

/// <summary>The ioctls of a watchdog (linux/watchdog.h, Documentation/watchdog/watchdog-api.rst). Each answers false with errno set.</summary>
internal static partial class WatchdogDevice
{
    private const nuint GetSupport = 0x8028_5700;
    private const nuint GetBootStatus = 0x8004_5702;
    private const nuint KeepAlive = 0x8004_5705;
    private const nuint SetTimeout = 0xC004_5706;
    private const nuint GetTimeout = 0x8004_5707;

    internal static bool TryGetSupport(SafeFileHandle watchdog, out WatchdogInfo info)
    {
        info = default;
        return Ioctl(watchdog, GetSupport, ref info) == 0;
    }

    internal static bool TryGetBootStatus(SafeFileHandle watchdog, out int status)
    {
        status = 0;
        return Ioctl(watchdog, GetBootStatus, ref status) == 0;
    }

    /// <param name="seconds">Asked for; afterwards what the driver made of it.</param>
    internal static bool TrySetTimeout(SafeFileHandle watchdog, ref int seconds) => Ioctl(watchdog, SetTimeout, ref seconds) == 0;

    internal static bool TryGetTimeout(SafeFileHandle watchdog, out int seconds)
    {
        seconds = 0;
        return Ioctl(watchdog, GetTimeout, ref seconds) == 0;
    }

    internal static bool TryKick(SafeFileHandle watchdog)
    {
        int unused = 0;
        return Ioctl(watchdog, KeepAlive, ref unused) == 0;
    }

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Ioctl(SafeFileHandle file, nuint request, ref WatchdogInfo info);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Ioctl(SafeFileHandle file, nuint request, ref int argument);
}
