using System.Runtime.InteropServices;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Native.Linux;
using Microsoft.Win32.SafeHandles;

namespace ClawMesh.Edge.Hardware.Watchdog;

/// <summary>
/// The hardware watchdog (Documentation/watchdog/watchdog-api.rst): it runs from the moment it is opened and resets the machine when
/// it is not kicked. Whoever holds it for the safety tick kicks from that very thread, so that nothing else can outlive the tick.
/// </summary>
public sealed class KernelWatchdog : IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly bool _needsMagicClose;

    private KernelWatchdog(SafeFileHandle file, bool needsMagicClose, TimeSpan timeout, bool causedLastReset)
    {
        (_file, _needsMagicClose, Timeout, CausedLastReset) = (file, needsMagicClose, timeout, causedLastReset);
    }

    /// <summary>What the driver made of the timeout asked for; whole seconds.</summary>
    public TimeSpan Timeout { get; }

    /// <summary>The last reset of this machine was the watchdog's.</summary>
    public bool CausedLastReset { get; }

    /// <summary>The error number of the last kick, 0 when it was good.</summary>
    public int LastError { get; private set; }

    /// <param name="device">For example <c>/dev/watchdog0</c>.</param>
    /// <param name="timeout">Rounded up to whole seconds. Some drivers have one of their own: see <see cref="Timeout"/>.</param>
    public static KernelWatchdogOpen Open(string device, TimeSpan timeout)
    {
        SafeFileHandle file = FileDescriptor.Open(device, FileDescriptor.ReadWrite);
        if (file.IsInvalid) return Refused(device, Marshal.GetLastPInvokeError());
        if (!WatchdogDevice.TryGetSupport(file, out WatchdogInfo info))
        {
            EdgeException fault = Fault(device, Marshal.GetLastPInvokeError());
            // Nothing is written to it: it may be any file.
            file.Dispose();
            return new(KernelWatchdogState.Failed, null, fault);
        }

        bool needsMagicClose = (info.Options & WatchdogInfo.MagicClose) != 0;
        int seconds = (int)Math.Clamp(Math.Ceiling(timeout.TotalSeconds), 1, 3600);
        if (!WatchdogDevice.TrySetTimeout(file, ref seconds) && !WatchdogDevice.TryGetTimeout(file, out seconds))
        {
            EdgeException fault = Fault(device, Marshal.GetLastPInvokeError());
            Stop(file, needsMagicClose);
            return new(KernelWatchdogState.Failed, null, fault);
        }

        bool causedLastReset = WatchdogDevice.TryGetBootStatus(file, out int status) && (status & WatchdogInfo.ResetByWatchdog) != 0;
        return new(KernelWatchdogState.Opened, new KernelWatchdog(file, needsMagicClose, TimeSpan.FromSeconds(seconds), causedLastReset), null);
    }

    /// <summary>One ioctl; allocates nothing, waits for nothing, never throws. From one thread.</summary>
    public void Kick()
    {
        try
        {
            LastError = WatchdogDevice.TryKick(_file) ? 0 : Marshal.GetLastPInvokeError();
        }
        catch (ObjectDisposedException)
        {
            // Stopped beside the last kick; there is nothing left to kick.
            LastError = 0;
        }
    }

    /// <summary>Stops it, unless the kernel was told that nothing may (<c>nowayout</c>): then the machine is reset after <see cref="Timeout"/>.</summary>
    public void Dispose() => Stop(_file, _needsMagicClose);

    internal static KernelWatchdogOpen Refused(string device, int error) => error switch
    {
        Errno.Ebusy => new(KernelWatchdogState.Busy, null, null),
        Errno.Enoent or Errno.Enodev or Errno.Enxio => new(KernelWatchdogState.Absent, null, null),
        _ => new(KernelWatchdogState.Failed, null, Fault(device, error)),
    };

    private static EdgeException Fault(string device, int error) => error switch
    {
        Errno.Eacces or Errno.Eperm => LinuxFault.FromError(
            error, code: "watchdog.no_permission", $"Could not open the watchdog '{device}'.",
            "Let systemd feed it instead (RuntimeWatchdogSec=), or give the node's user the device: a udev rule, and DeviceAllow in the unit.", FailureClass.Auth),
        Errno.Enotty => new EdgeException(
            "watchdog.not_one", $"Could not use the watchdog '{device}'.", "The file is no watchdog.", "Name /dev/watchdog0, or leave the setting out.", FailureClass.Config),
        _ => LinuxFault.FromError(
            error, code: "watchdog.failed", $"Could not set up the watchdog '{device}'.", "Look at the kernel log for its driver; `wdctl` shows what it can do."),
    };

    private static void Stop(SafeFileHandle file, bool needsMagicClose)
    {
        if (file.IsClosed) return;
        // When this fails the watchdog stays on and resets the machine; that is what it is for.
        if (needsMagicClose) DeviceIo.Write(file, "V"u8);
        file.Dispose();
    }
}
