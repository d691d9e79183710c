using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Mesh.Dialling;

namespace ClawMesh.Edge.Mesh.Discovery;

/// <summary>Discovery on the networks of this machine. A fault of it is a warning; the node goes on without it and it is tried again ([W-38]).</summary>
public sealed class NetworkDiscovery : IServiceDirectory
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan TryAgain = TimeSpan.FromSeconds(30);

    private readonly NodeId _self;
    private readonly string _name;
    private readonly string _version;
    private readonly Func<string> _meshId;
    private readonly TimeProvider _time;
    private readonly Func<double> _chance;
    private readonly Func<NodeId, bool> _isTrusted;
    private readonly IEventSink _events;
    private MdnsDirectory? _directory;
    private bool _pairing;
    private string _faultTold = "";

    /// <param name="name">The display name.</param>
    /// <param name="isTrusted">Strangers make room for these when the memory is full.</param>
    public NetworkDiscovery(NodeId self, string name, string version, Func<string> meshId, TimeProvider time, Func<double> chance, Func<NodeId, bool> isTrusted, IEventSink events) =>
        (_self, _name, _version, _meshId, _time, _chance, _isTrusted, _events) = (self, name, version, meshId, time, chance, isTrusted, events);

    public IReadOnlyList<FoundService> Services => Volatile.Read(ref _directory)?.Services ?? [];

    public IReadOnlyList<DialCandidate> Found => Volatile.Read(ref _directory)?.Found ?? [];

    public bool AnnouncePairing
    {
        get => Volatile.Read(ref _pairing);
        set
        {
            Volatile.Write(ref _pairing, value);
            if (Volatile.Read(ref _directory) is { } directory) directory.AnnouncePairing = value;
        }
    }

    /// <summary>Announces and looks until cancelled; then says goodbye.</summary>
    /// <param name="listens">The address this node listens on; what it does not listen on is not announced.</param>
    /// <param name="port">0 announces nothing.</param>
    public async Task RunAsync(IPAddress listens, int port, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                try
                {
                    await RunOnceAsync(listens, port, cancellationToken);
                }
                catch (Exception fault) when (fault is SocketException or NetworkInformationException or IOException)
                {
                    Fault("this machine's interfaces cannot be used for multicast", fault.Message);
                }
                catch (Exception bug) when (!IsStop(bug, cancellationToken))
                {
                    Fault($"a fault inside this node, {bug.GetType().Name}", bug.Message);
                }

                await Task.Delay(TryAgain, _time, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return;
        }
    }

    private async Task RunOnceAsync(IPAddress listens, int port, CancellationToken cancellationToken)
    {
        string meshId = _meshId();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var network = new UdpMulticast(listens);
        using var directory = new MdnsDirectory(_self, _name, _version, meshId, network, _time, _chance, _isTrusted, text => Warn(text));
        Volatile.Write(ref _directory, directory);
        directory.AnnouncePairing = AnnouncePairing;
        var tasks = new List<Task>();
        foreach (Socket socket in network.Sockets) tasks.Add(ReceiveAsync(socket, directory, stop.Token));
        try
        {
            using var timer = new PeriodicTimer(LookEvery, _time);
            do
            {
                network.Look();
                if (network.Interfaces.Count == 0) Fault("no interface is up, takes multicast and has an address", "`ip address` shows what the kernel sees.");
                else Works(network.Interfaces);
                directory.Belongs(_meshId());
                directory.Use(network.Interfaces, port);
            }
            while (await timer.WaitForNextTickAsync(stop.Token));
        }
        finally
        {
            Volatile.Write(ref _directory, null);
            await stop.CancelAsync();
            directory.Stop();
            await Task.WhenAll(tasks);
        }
    }

    private async Task ReceiveAsync(Socket socket, MdnsDirectory directory, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[DnsMessage.MaxBytes + 1];
        IPEndPoint anywhere = UdpMulticast.Anywhere(socket);
        try
        {
            while (true)
            {
                try
                {
                    SocketReceiveMessageFromResult got = await socket.ReceiveMessageFromAsync(buffer.AsMemory(), SocketFlags.None, anywhere, cancellationToken);
                    // Only what came to the group is certain to be from this link (RFC 6762 section 11).
                    if (UdpMulticast.IsGroup(got.PacketInformation.Address))
                        directory.Receive(got.PacketInformation.Interface, (IPEndPoint)got.RemoteEndPoint, buffer.AsSpan(0, got.ReceivedBytes));
                }
                catch (Exception fault) when (!IsStop(fault, cancellationToken))
                {
                    Fault("packets cannot be received", fault.Message);
                    // A fault that stays must not keep a core busy.
                    await Task.Delay(LookEvery, _time, cancellationToken);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return;
        }
    }

    private static bool IsStop(Exception fault, CancellationToken stopping) => fault is OperationCanceledException && stopping.IsCancellationRequested;

    // Said once for each new reason; a cable that is out for a week must not fill the log.
    private void Fault(string why, string detail)
    {
        if (Interlocked.Exchange(ref _faultTold, why) == why) return;
        Warn($"[{DiscoveryErrorCodes.Unavailable}] Peers are not looked for and this node is not announced: {why}. {detail} Peers named under `staticPeers` are dialled all the same; it is tried again.");
    }

    private void Works(IReadOnlyList<LinkInterface> on)
    {
        string names = string.Join(", ", on.Select(l => l.Name));
        if (Interlocked.Exchange(ref _faultTold, names) == names) return;
        _events.Publish(new EdgeEvent(0, default, EventTypes.Startup, EventSeverity.Info, "discovery", $"Looking for peers by multicast DNS on {names}."));
    }

    private void Warn(string text) => _events.Publish(new EdgeEvent(0, default, EventTypes.Error, EventSeverity.Warning, "discovery", text, FailureClass.MeshPartition));
}

/// <summary>What can keep discovery from working; never the node.</summary>
public static class DiscoveryErrorCodes
{
    public const string Unavailable = "discovery.unavailable";
}
