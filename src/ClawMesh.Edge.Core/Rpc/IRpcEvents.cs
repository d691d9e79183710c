using System.Text.Json;

namespace ClawMesh.Edge.Core.Rpc;

/// <summary>Sends events to the one who asked, on the connection the request came on and before its answer.</summary>
public interface IRpcEvents
{
    /// <summary>Cancelled when the connection is gone.</summary>
    CancellationToken Ended { get; }

    /// <summary>Bytes that wait to be sent there; 0 on a connection that takes what it is given before it returns.</summary>
    long WaitingBytes { get; }

    /// <summary>Queues one event behind those before it. False: there is no room for it, or the connection is gone; nothing was queued.</summary>
    ValueTask<bool> SendAsync(string name, Action<Utf8JsonWriter> payload, CancellationToken cancellationToken);
}
