using System.Runtime.InteropServices;
using ClawMesh.Edge.Native.Linux;
using Microsoft.Win32.SafeHandles;

namespace ClawMesh.Edge.Hardware.Buses.Gpio;

/// <summary>epoll over line descriptors, with an eventfd to end a wait.</summary>
internal sealed class LinuxGpioWaiter : IGpioWaiter
{
    // Keys are counted from 1 by whoever waits.
    private const int WakeKey = -1;

    private readonly SafeFileHandle _poll;
    private readonly SafeFileHandle _wake;

    public LinuxGpioWaiter()
    {
        _poll = EventPoll.Create();
        int error = _poll.IsInvalid ? Marshal.GetLastPInvokeError() : 0;
        _wake = EventCounter.Create();
        if (error == 0) error = _wake.IsInvalid ? Marshal.GetLastPInvokeError() : EventPoll.Add(_poll, _wake, WakeKey);
        if (error == 0) return;
        Dispose();
        throw GpioFaults.Failed(error, "Could not make ready to wait for edges.");
    }

    public void Add(IGpioLines lines, int key)
    {
        int error = EventPoll.Add(_poll, HandleOf(lines), key);
        if (error != 0) throw GpioFaults.Failed(error, $"Could not wait for edges of '{lines.Request.Chip.Label}'.");
    }

    public void Remove(IGpioLines lines)
    {
        // A closed descriptor has left the set by itself.
        SafeFileHandle handle = HandleOf(lines);
        if (!handle.IsClosed) _ = EventPoll.Remove(_poll, handle);
    }

    public int Wait(Span<int> keys)
    {
        int count = EventPoll.Wait(_poll, keys);
        if (count < 0) throw GpioFaults.Failed(Marshal.GetLastPInvokeError(), "Could not wait for edges.");
        int kept = 0;
        for (int i = 0; i < count; i++)
        {
            if (keys[i] == WakeKey) EventCounter.Clear(_wake);
            else keys[kept++] = keys[i];
        }

        return kept;
    }

    public void Wake() => EventCounter.Raise(_wake);

    public void Dispose()
    {
        _poll.Dispose();
        _wake.Dispose();
    }

    private static SafeFileHandle HandleOf(IGpioLines lines) => ((LinuxGpioLines)lines).Handle;
}
