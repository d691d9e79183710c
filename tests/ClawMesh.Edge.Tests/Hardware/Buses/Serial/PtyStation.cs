using ClawMesh.Edge.Native.Linux;
using ClawMesh.Edge.Native.Linux.Serial;
using ClawMesh.Edge.TestKit.Hardware;
using Microsoft.Win32.SafeHandles;

namespace ClawMesh.Edge.Tests.Hardware.Buses.Serial;

/// <summary>A station on the far end of a pair of pseudo-terminals, on a thread of its own.</summary>
internal sealed class PtyStation : IDisposable
{
    private const int PollMs = 20;

    private readonly SafeFileHandle _wire;
    private readonly Thread? _thread;
    private volatile bool _stopped;

    /// <param name="station">Null leaves the far end to the test.</param>
    public PtyStation(FakeModbusStation? station)
    {
        _wire = PseudoTerminal.Open(out string device);
        Assert.False(_wire.IsInvalid, "this machine has no pseudo-terminals");
        Device = device;
        if (station is null) return;
        _thread = new Thread(() => Serve(station)) { IsBackground = true };
        _thread.Start();
    }

    /// <summary>The near end, to be opened as a tty.</summary>
    public string Device { get; }

    public void Send(ReadOnlySpan<byte> bytes) => Assert.Equal(bytes.Length, DeviceIo.Write(_wire, bytes));

    public byte[] Receive(int count)
    {
        byte[] bytes = new byte[count];
        int got = 0;
        for (int i = 0; i < 100 && got < count; i++)
        {
            if (DeviceIo.Wait(_wire, DeviceIo.Readable, PollMs) > 0) got += Math.Max(DeviceIo.Read(_wire, bytes.AsSpan(got)), 0);
        }

        return bytes[..got];
    }

    public void Dispose()
    {
        _stopped = true;
        _thread?.Join();
        _wire.Dispose();
    }

    private void Serve(FakeModbusStation station)
    {
        byte[] request = new byte[8];
        int got = 0;
        while (!_stopped)
        {
            if ((DeviceIo.Wait(_wire, DeviceIo.Readable, PollMs) & DeviceIo.Readable) == 0) continue;
            got += Math.Max(DeviceIo.Read(_wire, request.AsSpan(got)), 0);
            if (got < request.Length) continue;
            got = 0;
            byte[] answer = station.Answer(request);
            // In two pieces, as adapters do.
            if (answer.Length > 0 && DeviceIo.Write(_wire, answer.AsSpan(0, 2)) == 2) DeviceIo.Write(_wire, answer.AsSpan(2));
        }
    }
}
