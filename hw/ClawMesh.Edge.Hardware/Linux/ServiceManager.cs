using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace ClawMesh.Edge.Hardware.Linux;

/// <summary>
/// Tells systemd how the service does (sd_notify(3), sd_watchdog_enabled(3)): datagrams to the socket it names. A lost word costs
/// nothing but the word, so nothing here throws or waits.
/// </summary>
public sealed class ServiceManager : IDisposable
{
    private const int MaxStatus = 200;

    // sockaddr_un holds 108 bytes, the zero included (unix(7)).
    private const int MaxPath = 107;

    private readonly UnixDomainSocketEndPoint _manager;
    private Socket? _socket;
    private volatile bool _disposed;

    private ServiceManager(UnixDomainSocketEndPoint manager, TimeSpan? watchdogInterval)
    {
        (_manager, WatchdogInterval) = (manager, watchdogInterval);
        _socket = Connect();
    }

    /// <summary>How long systemd waits for a <see cref="Kick"/> before it ends the service; half of it is a good pace. Null when it does not watch this process.</summary>
    public TimeSpan? WatchdogInterval { get; }

    /// <param name="variable">Looks up an environment variable.</param>
    /// <param name="processId">This process's: a watchdog meant for another is none.</param>
    /// <returns>Null when no service manager started this process.</returns>
    public static ServiceManager? FromEnvironment(Func<string, string?> variable, int processId)
    {
        // A leading @ means the abstract namespace; addresses of virtual machines (vsock) are not for services.
        if (variable("NOTIFY_SOCKET") is not { Length: > 1 } path || path[0] is not ('/' or '@') || Encoding.UTF8.GetByteCount(path) > MaxPath) return null;
        var manager = new UnixDomainSocketEndPoint(path[0] == '@' ? "\0" + path[1..] : path);
        TimeSpan? interval = null;
        if (long.TryParse(variable("WATCHDOG_USEC"), NumberStyles.None, CultureInfo.InvariantCulture, out long microseconds) && microseconds > 0
            && (variable("WATCHDOG_PID") is not { Length: > 0 } watched || watched == processId.ToString(CultureInfo.InvariantCulture)))
        {
            interval = TimeSpan.FromMicroseconds(Math.Min(microseconds, TimeSpan.MaxValue.Ticks / TimeSpan.TicksPerMicrosecond));
        }

        return new ServiceManager(manager, interval);
    }

    /// <summary>The start is over.</summary>
    /// <param name="status">One line for <c>systemctl status</c>.</param>
    public void Ready(string status) => Send(Encoding.UTF8.GetBytes($"READY=1\nSTATUS={OneLine(status)}"));

    public void Status(string status) => Send(Encoding.UTF8.GetBytes($"STATUS={OneLine(status)}"));

    /// <summary>The configuration is being read again; <see cref="Ready"/> says that this is over, whatever came of it.</summary>
    /// <param name="monotonic">CLOCK_MONOTONIC now: systemd tells by it which reload this word belongs to.</param>
    public void Reloading(TimeSpan monotonic) =>
        Send(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"RELOADING=1\nMONOTONIC_USEC={monotonic.Ticks / TimeSpan.TicksPerMicrosecond}")));

    public void Stopping() => Send("STOPPING=1"u8);

    /// <summary>Allocates nothing while the socket works; for the safety tick.</summary>
    public void Kick() => Send("WATCHDOG=1"u8);

    public void Dispose()
    {
        _disposed = true;
        _socket?.Dispose();
    }

    private static string OneLine(string text)
    {
        string line = text.ReplaceLineEndings(" ");
        return line.Length <= MaxStatus ? line : line[..MaxStatus];
    }

    private void Send(ReadOnlySpan<byte> message)
    {
        if (_disposed) return;
        try
        {
            Socket? socket = _socket ??= Connect();
            if (socket is null) return;
            socket.Send(message, SocketFlags.None, out SocketError error);
            if (error is SocketError.Success or SocketError.WouldBlock) return;
            // The manager was started anew; the next word opens the socket again.
            _socket = null;
            socket.Dispose();
        }
        catch (ObjectDisposedException)
        {
            // Another thread is just opening the socket again.
            return;
        }
    }

    private Socket? Connect()
    {
        Socket? socket = null;
        try
        {
            // Making it may fail as well: a process that has run out of descriptors.
            socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            socket.Connect(_manager);
            socket.Blocking = false;
            return socket;
        }
        catch (SocketException)
        {
            socket?.Dispose();
            return null;
        }
    }
}
