using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace ClawMesh.Edge.EndToEnd;

/// <summary>What a bad line does to a connection.</summary>
internal enum Impairment
{
    /// <summary>Nothing passes for a while; both sockets stay open, and then everything passes.</summary>
    Stall,

    /// <summary>Nothing passes any more, and nobody is told: both sockets stay open.</summary>
    Cut,

    /// <summary>Both ends get a RST.</summary>
    Reset,
}

/// <summary>
/// A TCP relay on loopback that behaves like a bad radio link: it delays every chunk by up to 200 ms, stalls, cuts without closing,
/// and resets. What it does follows from its seed; when, from the test.
/// </summary>
internal sealed class ImpairingProxy : IAsyncDisposable
{
    private const int MaxDelayMs = 200;

    private readonly int _target;
    private readonly Random _random;
    private readonly Lock _lock = new();
    private readonly TcpListener _listener;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<Line, Task> _lines = new();
    private readonly Task _accepting;
    private TaskCompletionSource _flowing = Flowing();

    private ImpairingProxy(TcpListener listener, int target, int seed)
    {
        (_listener, _target, _random) = (listener, target, new Random(seed));
        Port = ((IPEndPoint)listener.LocalEndpoint).Port;
        _accepting = AcceptAsync();
    }

    public int Port { get; }

    /// <summary>Connections carried so far.</summary>
    public int Carried { get; private set; }

    public static ImpairingProxy Start(int targetPort, int seed)
    {
        var listener = new TcpListener(IPAddress.Loopback, MeshMember.FreePort());
        listener.Start();
        return new ImpairingProxy(listener, targetPort, seed);
    }

    /// <summary>Does it to every line that is open now; a stall takes 3 to 15 s and returns when it is over.</summary>
    /// <returns>What was done, in words.</returns>
    public async Task<string> ImpairAsync(Impairment what, CancellationToken cancellationToken)
    {
        switch (what)
        {
            case Impairment.Stall:
                TimeSpan length = TimeSpan.FromMilliseconds(Next(3_000, 15_000));
                _flowing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                try
                {
                    await Task.Delay(length, cancellationToken);
                }
                finally
                {
                    _flowing.TrySetResult();
                }

                return string.Create(CultureInfo.InvariantCulture, $"stall of {length.TotalSeconds:0.0} s");
            case Impairment.Cut:
                foreach (Line line in _lines.Keys) line.IsCut = true;
                return "half-open cut";
            default:
                foreach (Line line in _lines.Keys) line.Reset();
                return "reset";
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        _flowing.TrySetResult();
        await _accepting;
        foreach (Line line in _lines.Keys) line.Reset();
        await Task.WhenAll(_lines.Values);
        _stop.Dispose();
    }

    private static TaskCompletionSource Flowing()
    {
        var flowing = new TaskCompletionSource();
        flowing.SetResult();
        return flowing;
    }

    private int Next(int from, int to)
    {
        lock (_lock) return _random.Next(from, to + 1);
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            Socket near;
            try
            {
                near = await _listener.AcceptSocketAsync(_stop.Token);
            }
            catch (Exception stopped) when (stopped is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }

            var far = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await far.ConnectAsync(IPAddress.Loopback, _target, _stop.Token);
            }
            catch (Exception refused) when (refused is SocketException or OperationCanceledException)
            {
                near.Dispose();
                far.Dispose();
                continue;
            }

            near.NoDelay = far.NoDelay = true;
            var line = new Line(near, far);
            Carried++;
            _lines[line] = Task.WhenAll(CarryAsync(line, near, far), CarryAsync(line, far, near));
        }
    }

    private async Task CarryAsync(Line line, Socket from, Socket to)
    {
        byte[] chunk = new byte[16 * 1024];
        try
        {
            while (true)
            {
                int length = await from.ReceiveAsync(chunk, _stop.Token);
                await _flowing.Task;
                if (line.IsCut) await Task.Delay(Timeout.InfiniteTimeSpan, _stop.Token);
                if (length == 0)
                {
                    to.Shutdown(SocketShutdown.Send);
                    return;
                }

                await Task.Delay(Next(0, MaxDelayMs), _stop.Token);
                if (line.IsCut) continue;
                for (int sent = 0; sent < length;) sent += await to.SendAsync(chunk.AsMemory(sent, length - sent), _stop.Token);
            }
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // One end is gone, or the proxy stops; a line that was cut tells nobody.
            if (!line.IsCut) line.Reset();
        }
    }

    private sealed class Line(Socket near, Socket far)
    {
        public volatile bool IsCut;

        public void Reset()
        {
            foreach (Socket socket in (Socket[])[near, far])
            {
                try
                {
                    socket.LingerState = new LingerOption(enable: true, seconds: 0);
                }
                catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
                {
                    continue;
                }

                socket.Dispose();
            }
        }
    }
}
