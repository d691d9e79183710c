using System.Text.Json;

namespace ClawMesh.Edge.Agent.LocalApi;

/// <summary>A way to ask a node: its local socket, or its port.</summary>
internal interface INodeClient : IAsyncDisposable
{
    /// <summary>Sends a request and returns its payload.</summary>
    /// <exception cref="Core.Errors.EdgeException">The node's own error, or <c>node.unreachable</c>.</exception>
    Task<JsonElement> CallAsync(string method, Action<Utf8JsonWriter>? parameters, TimeSpan limit, CancellationToken cancellationToken);
}
