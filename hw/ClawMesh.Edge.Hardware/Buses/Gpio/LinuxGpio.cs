using System.Runtime.InteropServices;
using ClawMesh.Edge.Native.Linux;
using ClawMesh.Edge.Native.Linux.Gpio;
using Microsoft.Win32.SafeHandles;

namespace ClawMesh.Edge.Hardware.Buses.Gpio;

/// <summary>GPIO character devices (linux/gpio.h, uAPI v2). A chip is opened for one question only; what stays open is held lines.</summary>
/// <param name="devices">Where the device nodes are.</param>
internal sealed class LinuxGpio(string devices = "/dev") : IGpioPort
{
    // A module has a handful, an expander adds one.
    private const int MaxChips = 64;

    // The largest in the tree has some 500.
    private const int MaxLines = 2_048;

    // About half a second of a fast flow meter: what comes while the edge thread waits for its turn.
    private const int EdgeBuffer = 256;

    public IReadOnlyList<GpioChip> Chips()
    {
        var chips = new List<GpioChip>();
        if (!Directory.Exists(devices)) return chips;
        string[] paths = Directory.GetFileSystemEntries(devices, "gpiochip*");
        Array.Sort(paths, StringComparer.Ordinal);
        foreach (string path in paths)
        {
            if (chips.Count == MaxChips) break;
            // Some systems link old names to chips; a chip must not be found twice.
            if (new FileInfo(path).LinkTarget is null && Look(path) is { } chip) chips.Add(chip);
        }

        return chips;
    }

    public IReadOnlyList<GpioLine> Lines(GpioChip chip)
    {
        using SafeFileHandle device = Open(chip);
        var lines = new List<GpioLine>();
        for (int offset = 0; offset < Math.Min(chip.LineCount, MaxLines); offset++) lines.Add(LineOf(device, chip, offset));
        return lines;
    }

    public IGpioLines Request(GpioRequest request)
    {
        if (request.Offsets.Count is 0 or > GpioLineRequest.MaxLines) throw new ArgumentException("A request has 1 to 64 lines.", nameof(request));
        using SafeFileHandle device = Open(request.Chip);
        GpioLineRequest kernel = Translate(request);
        int error = GpioDevice.Request(device, ref kernel, out SafeFileHandle? lines);
        return error switch
        {
            0 => new LinuxGpioLines(request, lines!),
            Errno.Ebusy => throw Busy(device, request),
            Errno.Enxio when request.Edges != GpioEdges.None => throw GpioFaults.NoEdges(request.Chip),
            Errno.Enodev => throw GpioFaults.NoChip(request.Chip.Label, ""),
            _ => throw GpioFaults.Failed(error, $"Could not take lines {string.Join(", ", request.Offsets)} of '{request.Chip.Label}' ({request.Chip.Path})."),
        };
    }

    public IGpioWaiter OpenWaiter() => new LinuxGpioWaiter();

    // Null when it is no GPIO chip, or vanished meanwhile.
    private static GpioChip? Look(string path)
    {
        using SafeFileHandle device = FileDescriptor.Open(path, FileDescriptor.ReadWrite);
        if (device.IsInvalid)
            return Marshal.GetLastPInvokeError() is Errno.Eacces or Errno.Eperm ? new GpioChip(path, Path.GetFileName(path), "", 0) : null;
        return GpioDevice.ReadChip(device, out GpioChipInfo info) == 0 ? new GpioChip(path, info.Name, info.Label, (int)info.Lines) : null;
    }

    private static SafeFileHandle Open(GpioChip chip)
    {
        SafeFileHandle device = FileDescriptor.Open(chip.Path, FileDescriptor.ReadWrite);
        if (!device.IsInvalid) return device;
        int error = Marshal.GetLastPInvokeError();
        device.Dispose();
        throw error switch
        {
            Errno.Eacces or Errno.Eperm => GpioFaults.NoPermission(chip.Path),
            Errno.Enoent or Errno.Enodev or Errno.Enxio => GpioFaults.NoChip(chip.Label, ""),
            _ => GpioFaults.Failed(error, $"Could not open '{chip.Path}'."),
        };
    }

    private static GpioLine LineOf(SafeFileHandle device, GpioChip chip, int offset)
    {
        var info = new GpioLineInfo { Offset = (uint)offset };
        int error = GpioDevice.ReadLine(device, ref info);
        if (error == Errno.Enodev) throw GpioFaults.NoChip(chip.Label, "");
        if (error != 0) throw GpioFaults.Failed(error, $"Could not look at line {offset} of '{chip.Label}' ({chip.Path}).");
        return new GpioLine(offset, info.Name, info.Consumer, Has(info, GpioLineFlags.Used), Has(info, GpioLineFlags.Output), Has(info, GpioLineFlags.ActiveLow));
    }

    private static bool Has(in GpioLineInfo info, ulong flag) => (info.Flags & flag) != 0;

    private static GpioLineRequest Translate(GpioRequest request)
    {
        var kernel = new GpioLineRequest { Consumer = request.Consumer };
        foreach (int offset in request.Offsets) kernel.AddLine(offset);
        ulong all = LinuxGpioLines.MaskOf(request.Offsets.Count);
        kernel.Flags = request.ActiveLow ? GpioLineFlags.ActiveLow : 0;
        kernel.Flags |= request.Bias switch
        {
            GpioBias.Disabled => GpioLineFlags.BiasDisabled,
            GpioBias.PullUp => GpioLineFlags.BiasPullUp,
            GpioBias.PullDown => GpioLineFlags.BiasPullDown,
            _ => 0,
        };
        if (request.OutputValues is { } values)
        {
            kernel.Flags |= GpioLineFlags.Output | request.Drive switch
            {
                GpioDrive.OpenDrain => GpioLineFlags.OpenDrain,
                GpioDrive.OpenSource => GpioLineFlags.OpenSource,
                _ => 0,
            };
            kernel.SetOutputValues(values, all);
            return kernel;
        }

        kernel.Flags |= GpioLineFlags.Input;
        if ((request.Edges & GpioEdges.Rising) != 0) kernel.Flags |= GpioLineFlags.EdgeRising;
        if ((request.Edges & GpioEdges.Falling) != 0) kernel.Flags |= GpioLineFlags.EdgeFalling;
        if (request.Edges != GpioEdges.None) kernel.EventBufferSize = EdgeBuffer;
        if (request.Debounce > TimeSpan.Zero) kernel.SetDebounce((uint)request.Debounce.TotalMicroseconds, all);
        return kernel;
    }

    // The kernel does not say which of the lines was taken.
    private static Core.Errors.EdgeException Busy(SafeFileHandle device, GpioRequest request)
    {
        foreach (int offset in request.Offsets)
        {
            var info = new GpioLineInfo { Offset = (uint)offset };
            if (GpioDevice.ReadLine(device, ref info) != 0 || !Has(info, GpioLineFlags.Used)) continue;
            string name = info.Name;
            return GpioFaults.LineBusy(request.Chip.Path, $"line {offset}{(name.Length > 0 ? $" ({name})" : "")} of '{request.Chip.Label}'", info.Consumer);
        }

        return GpioFaults.LineBusy(request.Chip.Path, $"lines {string.Join(", ", request.Offsets)} of '{request.Chip.Label}'", "");
    }
}
