using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Native.Linux;
using ClawMesh.Edge.Native.Linux.Gpio;
using Microsoft.Win32.SafeHandles;

namespace ClawMesh.Edge.Hardware.Buses.Gpio;

/// <summary>Lines held by an open descriptor. The kernel serialises access; reading, writing and taking edges allocate nothing.</summary>
internal sealed class LinuxGpioLines(GpioRequest request, SafeFileHandle handle) : IGpioLines
{
    private const int EdgesAtOnce = 16;

    private readonly ulong _all = MaskOf(request.Offsets.Count);

    public GpioRequest Request { get; } = request;

    internal SafeFileHandle Handle { get; } = handle;

    internal static ulong MaskOf(int lines) => lines == 64 ? ulong.MaxValue : (1UL << lines) - 1;

    public ulong Read()
    {
        var values = new GpioLineValues { Mask = _all };
        try
        {
            int error = GpioDevice.ReadValues(Handle, ref values);
            return error == 0 ? values.Bits & _all : throw Fault(error, "read");
        }
        catch (ObjectDisposedException)
        {
            // The edge thread saw the chip go and gave the lines up in this moment.
            throw GpioFaults.Gone(Request.Chip);
        }
    }

    public void Write(ulong values, ulong mask)
    {
        var kernel = new GpioLineValues { Bits = values, Mask = mask };
        try
        {
            int error = GpioDevice.WriteValues(Handle, ref kernel);
            if (error != 0) throw Fault(error, "set");
        }
        catch (ObjectDisposedException)
        {
            throw GpioFaults.Gone(Request.Chip);
        }
    }

    public int TakeEdges(Span<GpioEdge> edges)
    {
        Span<GpioLineEvent> events = stackalloc GpioLineEvent[EdgesAtOnce];
        int error = GpioDevice.ReadEvents(Handle, events[..Math.Min(edges.Length, EdgesAtOnce)], out int count);
        if (error == Errno.Ewouldblock) return 0;
        if (error != 0) throw Fault(error, "read edges of");
        for (int i = 0; i < count; i++)
        {
            ref readonly GpioLineEvent seen = ref events[i];
            edges[i] = new GpioEdge((int)seen.Offset, seen.Id == GpioLineEvent.RisingEdge, seen.TimestampNs, seen.LineSequence);
        }

        return count;
    }

    public void Dispose() => Handle.Dispose();

    private EdgeException Fault(int error, string verb) => error == Errno.Enodev
        ? GpioFaults.Gone(Request.Chip)
        : GpioFaults.Failed(error, $"Could not {verb} lines {string.Join(", ", Request.Offsets)} of '{Request.Chip.Label}' ({Request.Chip.Path}).");
}
