using System.Net.Sockets;
using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Rpc;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Agent.LocalApi;

/// <summary>
/// The local API: one wire envelope per line over a Unix stream socket. Who asks is told by the kernel (peer credentials), never by
/// the message. Operator is uid 0, the node's own uid, or a member of the group <c>clawmesh-edge</c>.
/// </summary>
internal sealed class LocalServer : IAsyncDisposable
{
    /// <summary>Group whose members are operators of the service.</summary>
    public const string OperatorGroup = "clawmesh-edge";

    // A person, a page, a few scripts. More connections than this wait in the kernel's backlog.
    private const int MaxConnections = 32;

    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(2);

    private readonly Socket _listener;
    private readonly RpcDispatcher _dispatcher;
    private readonly IEventSink _events;
    private static readonly TimeSpan AcceptPause = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _places = new(MaxConnections, MaxConnections);
    private readonly HashSet<Task> _conversations = [];
    private readonly Task _accepting;

    private LocalServer(Socket listener, string path, RpcDispatcher dispatcher, IEventSink events)
    {
        (_listener, Path, _dispatcher, _events) = (listener, path, dispatcher, events);
        _accepting = AcceptAsync();
    }

    public string Path { get; }

    /// <summary>Listens on the first candidate that works.</summary>
    /// <exception cref="EdgeException">None works.</exception>
    public static LocalServer Start(StateDirectory state, RpcDispatcher dispatcher, IEventSink events)
    {
        Exception? last = null;
        foreach (string path in state.SocketCandidates())
        {
            try
            {
                StateDirectory.CheckSocketPath(path);
                if (System.IO.Path.GetDirectoryName(path) is { } folder && !Directory.Exists(folder)) continue;

                // The node lock is held: a socket file that is still there belongs to a dead process.
                File.Delete(path);
                var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                listener.Bind(new UnixDomainSocketEndPoint(path));
                bool service = path == StateDirectory.ServiceSocket;
                File.SetUnixFileMode(path, service
                    ? UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite
                    : UnixFileMode.UserRead | UnixFileMode.UserWrite);
                listener.Listen(64);
                return new LocalServer(listener, path, dispatcher, events);
            }
            catch (Exception failed) when (failed is IOException or SocketException or UnauthorizedAccessException || (failed is EdgeException && state.SocketCandidates().Count > 1))
            {
                last = failed;
            }
        }

        if (last is EdgeException known) throw known;
        throw new EdgeException(
            "node.no_socket", "Could not open the local socket.", last?.Message ?? "No folder for it exists.",
            $"Make the state directory writable; tried {string.Join(", ", state.SocketCandidates())}.", FailureClass.Storage, last);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        Task[] open;
        lock (_conversations) open = [.. _conversations];
        try
        {
            // A command that is stuck in a hung bus must not hold the stop; its process ends with the node.
            await Task.WhenAll(open).WaitAsync(StopLimit);
        }
        finally
        {
            File.Delete(Path);
        }
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await _places.WaitAsync(_stop.Token);
                Socket connection = await _listener.AcceptAsync(_stop.Token);
                Task conversation = ConverseAsync(connection);
                lock (_conversations) _conversations.Add(conversation);
                _ = conversation.ContinueWith(
                    done =>
                    {
                        lock (_conversations) _conversations.Remove(done);
                        _places.Release();
                    },
                    CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (SocketException failed) when (!_stop.IsCancellationRequested)
            {
                _places.Release();
                // Out of file descriptors is not over at once; trying in a circle would only take the processor as well.
                await Task.Delay(AcceptPause, TimeProvider.System);
                _events.Publish(new EdgeEvent(0, default, EventTypes.Error, EventSeverity.Warning, "local socket", $"A connection could not be accepted: {failed.Message}", FailureClass.Infra));
            }
        }
    }

    private async Task ConverseAsync(Socket connection)
    {
        using Socket owned = connection;
        try
        {
            RpcCaller? caller = Identify(connection);
            await using var stream = new NetworkStream(connection, ownsSocket: false);
            using var events = new LocalEvents(stream);
            if (caller is not null) caller = caller with { Events = events };
            await foreach (ReadOnlyMemory<byte> line in LineReader.ReadAsync(stream, _stop.Token))
            {
                if (caller is not { } known)
                {
                    await stream.WriteAsync("{\"type\":\"event\",\"event\":\"edge.refused\",\"payload\":{\"code\":\"NOT_AUTHORIZED\"}}\n"u8.ToArray(), _stop.Token);
                    return;
                }

                byte[]? answer = await _dispatcher.HandleAsync(line, known, _stop.Token);
                if (answer is null) continue;
                await stream.WriteAsync(answer, _stop.Token);
                await stream.WriteAsync("\n"u8.ToArray(), _stop.Token);
            }
        }
        catch (Exception gone) when (gone is IOException or SocketException or OperationCanceledException)
        {
            // The other end hung up, or the node stops: the end of a conversation, not a fault.
            return;
        }
    }

    /// <summary>How this node names an operator in <c>approved_by</c> and in its journal ([X-71]).</summary>
    public static string OperatorName(UnixUsers users, uint userId) => $"operator:{users.NameOf(userId) ?? $"uid-{userId}"}";

    private static RpcCaller? Identify(Socket connection)
    {
        PeerCredentials peer = PeerCredentials.Of(connection);
        var users = new UnixUsers();
        bool isOperator = peer.UserId == 0 || peer.UserId == HostKernel.EffectiveUserId || users.IsInGroup(peer, OperatorGroup);
        if (!isOperator) return null;
        bool mayLook = HostKernel.EffectiveUserId == 0 || HostKernel.EffectiveUserId == peer.UserId;
        return new RpcCaller(RpcTier.Operator, OperatorName(users, peer.UserId))
        {
            OnLoopback = true,
            TerminalMissing = () => ProcessTerminal.Missing(peer.ProcessId, mayLook),
        };
    }
}
