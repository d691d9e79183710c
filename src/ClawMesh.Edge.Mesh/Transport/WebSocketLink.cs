using System.Buffers;
using System.Net.WebSockets;
using ClawMesh.Edge.Core.Lifecycle;

namespace ClawMesh.Edge.Mesh.Transport;

/// <summary>
/// A web socket as a link: one loop that receives and one that sends what the queue hands out. Text only, no compression, at most
/// 1 MiB per message over all fragments ([W-4], [W-7] to [W-9]).
/// </summary>
// The token source may be asked to cancel by whoever still knows the link when it is gone; it has no handle to give back.
#pragma warning disable CA1001
internal sealed class WebSocketLink : ILink
#pragma warning restore CA1001
{
    /// <summary>[W-9], counted before anything is parsed.</summary>
    public const int MaxMessageBytes = 1_048_576;

    private const int FirstBufferBytes = 8 * 1024;

    // The mesh decides who is gone; this only ends a socket whose mesh forgot it.
    private static readonly TimeSpan PongLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan CloseLimit = TimeSpan.FromSeconds(2);

    private readonly ActivityStream _stream;
    private readonly WebSocket _socket;
    private readonly CancellationTokenSource _abort = new();
    private CloseRequest? _close;

    private WebSocketLink(ActivityStream stream, LinkFacts facts, SendLimits limits, TimeProvider time)
    {
        (_stream, Facts) = (stream, facts);
        Queue = new SendQueue(time, limits);
        _socket = WebSocket.CreateFromStream(stream, new WebSocketCreationOptions
        {
            IsServer = !facts.Dialled, KeepAliveInterval = limits.PingAfter, KeepAliveTimeout = PongLimit,
        });
    }

    public LinkFacts Facts { get; }

    public SendQueue Queue { get; }

    public long LastReceived => _stream.LastRead;

    public void Close(int status, string reason)
    {
        if (Interlocked.CompareExchange(ref _close, new CloseRequest(status, reason), null) is not null) return;
        Queue.Complete();
        // A peer that neither reads nor closes must not hold the socket.
        _abort.CancelAfter(CloseLimit);
    }

    /// <summary>Runs the connection to its end.</summary>
    /// <param name="opened">Called once before the first message; it may queue something to send.</param>
    /// <param name="counted">Counts a message that was too large.</param>
    /// <param name="stopping">Ends the connection at once.</param>
    public static async Task RunAsync(
        Stream stream, LinkFacts facts, SendLimits limits, TimeProvider time, Func<ILink, ILinkUser> opened, Action counted, IEventSink events, CancellationToken stopping)
    {
        var link = new WebSocketLink(new ActivityStream(stream, time, facts.Dialled ? FirstBufferBytes : 0), facts, limits, time);
        using CancellationTokenRegistration stop = stopping.Register(() => link.Close(1005, ""));
        ILinkUser user;
        try
        {
            user = opened(link);
        }
        catch
        {
            link._socket.Dispose();
            throw;
        }

        Task sending = link.SendAllAsync();
        (int Status, string Reason) ended = (1006, "");
        try
        {
            ended = await link.ReceiveAllAsync(user, counted);
        }
        catch (Exception gone) when (gone is WebSocketException or IOException or OperationCanceledException or ObjectDisposedException or System.Net.Sockets.SocketException)
        {
            ended = (1006, link._close is null ? "connection lost" : "");
        }
        catch (Exception bug)
        {
            // One connection must not take the node with it; what it was doing is over.
            events.Publish(new EdgeEvent(0, default, EventTypes.Error, EventSeverity.Error, "mesh", $"A connection with {facts.Remote} failed inside this node: {bug.GetType().Name}, {bug.Message}", Core.Errors.FailureClass.Infra));
        }
        finally
        {
            link.Queue.Complete();
            // A close of ours still has its frame to send; it has its own limit. Otherwise there is nobody to send to.
            if (link._close is null) await link._abort.CancelAsync();
            await sending;
            link._socket.Dispose();
            user.Ended(ended.Status, ended.Reason);
        }
    }

    private async Task<(int Status, string Reason)> ReceiveAllAsync(ILinkUser user, Action counted)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(FirstBufferBytes);
        int filled = 0;
        try
        {
            while (true)
            {
                ValueWebSocketReceiveResult part = await _socket.ReceiveAsync(buffer.AsMemory(filled), _abort.Token);
                if (part.MessageType == WebSocketMessageType.Close)
                {
                    int status = _socket.CloseStatus is { } given and not WebSocketCloseStatus.Empty ? (int)given : 1005;
                    Close(status == 1005 ? 1005 : 1000, "");
                    return (status, _socket.CloseStatusDescription ?? "");
                }

                if (part.MessageType == WebSocketMessageType.Binary)
                {
                    Close(1003, "text messages only");
                    continue;
                }

                // After our own close nothing more is heard, only waited for.
                if (_close is not null)
                {
                    filled = 0;
                    continue;
                }

                filled += part.Count;
                if (filled > MaxMessageBytes)
                {
                    counted();
                    Close(1009, "at most 1048576 bytes");
                    continue;
                }

                if (!part.EndOfMessage)
                {
                    if (filled == buffer.Length) buffer = Grow(buffer, filled);
                    continue;
                }

                user.Receive(buffer.AsMemory(0, filled));
                filled = 0;
                if (buffer.Length > 16 * FirstBufferBytes)
                {
                    // One large message must not keep a megabyte for the life of the link.
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = ArrayPool<byte>.Shared.Rent(FirstBufferBytes);
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static byte[] Grow(byte[] buffer, int filled)
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Min(buffer.Length * 4, MaxMessageBytes + 1));
        buffer.AsSpan(0, filled).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(buffer);
        return larger;
    }

    private async Task SendAllAsync()
    {
        try
        {
            while (true)
            {
                if (Queue.TryTake(out OutboundMessage? message, out TimeSpan wait))
                {
                    await _socket.SendAsync(message!.Utf8, WebSocketMessageType.Text, WebSocketMessageFlags.EndOfMessage, _abort.Token);
                    continue;
                }

                // Bulk that waits for its pace is not waited for once the link closes.
                if (_close is not null) break;
                await Queue.WaitAsync(wait, _abort.Token);
            }

            CloseRequest close = _close;
            WebSocketCloseStatus status = close.Status == 1005 ? WebSocketCloseStatus.Empty : (WebSocketCloseStatus)close.Status;
            if (_socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
                await _socket.CloseOutputAsync(status, status == WebSocketCloseStatus.Empty ? null : close.Reason, _abort.Token);
        }
        catch (Exception gone) when (gone is WebSocketException or IOException or OperationCanceledException or ObjectDisposedException or System.Net.Sockets.SocketException or InvalidOperationException)
        {
            // The receive loop ends by the same cause and says so.
            _socket.Abort();
        }
    }

    private sealed record CloseRequest(int Status, string Reason);
}
