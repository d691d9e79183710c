using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using ClawMesh.Edge.Agent.Cli;
using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Agent.LocalApi;

/// <summary>A program's end of the local socket. One request at a time.</summary>
internal sealed class LocalClient : INodeClient, IDisposable
{
    private readonly Socket _socket;
    private readonly NetworkStream _stream;
    private readonly IAsyncEnumerator<ReadOnlyMemory<byte>> _lines;
    private int _nextId;

    private LocalClient(Socket socket)
    {
        _socket = socket;
        _stream = new NetworkStream(socket, ownsSocket: false);
        _lines = LineReader.ReadAsync(_stream, CancellationToken.None).GetAsyncEnumerator();
    }

    /// <summary>Connects to the node of a state directory; null when none listens there.</summary>
    public static LocalClient? TryConnect(StateDirectory state)
    {
        foreach (string path in state.SocketCandidates())
        {
            if (!File.Exists(path)) continue;
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                socket.Connect(new UnixDomainSocketEndPoint(StateDirectory.CheckSocketPath(path)));
                return new LocalClient(socket);
            }
            catch (SocketException refused)
            {
                socket.Dispose();
                if (refused.SocketErrorCode == SocketError.AccessDenied)
                {
                    throw new EdgeException(
                        ErrorCodes.NodeNotPermitted, "Could not talk to the node.", $"This user may not open '{path}'.",
                        $"Run the command as root, as the node's user, or as a member of the group {LocalServer.OperatorGroup}.", FailureClass.Auth, refused);
                }
            }
        }

        return null;
    }

    /// <exception cref="EdgeException"><c>node.unreachable</c>.</exception>
    public static LocalClient Connect(StateDirectory state) => TryConnect(state) ?? throw new EdgeException(
        ErrorCodes.NodeUnreachable, "Could not reach the node.", $"No node listens for the state directory '{state.Path}' ({state.Origin}).",
        "Start it with `clawmesh-edge run`, or name its state directory with --state-dir.", FailureClass.Infra);

    /// <summary>Sends a request and returns its payload.</summary>
    /// <exception cref="EdgeException">The node's own error, or <c>node.unreachable</c> when it hung up or took longer than <paramref name="limit"/>.</exception>
    public async Task<JsonElement> CallAsync(string method, Action<Utf8JsonWriter>? parameters, TimeSpan limit, CancellationToken cancellationToken)
    {
        string id = $"cli-{++_nextId}";
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(limit);
        try
        {
            await _stream.WriteAsync(Request(id, method, parameters), deadline.Token);
            while (await _lines.MoveNextAsync().AsTask().WaitAsync(deadline.Token))
            {
                using JsonDocument document = JsonDocument.Parse(_lines.Current);
                JsonElement root = document.RootElement;
                if (root.TryGetProperty("event", out JsonElement refused) && refused.GetString() == "edge.refused")
                {
                    throw new EdgeException(
                        ErrorCodes.NodeNotPermitted, "The node refused to talk.", "This user is no operator of the node.",
                        $"Run the command as root, as the node's user, or as a member of the group {LocalServer.OperatorGroup}.", FailureClass.Auth);
                }

                if (!root.TryGetProperty("id", out JsonElement answered) || answered.GetString() != id) continue;
                return root.GetProperty("ok").GetBoolean() ? root.GetProperty("payload").Clone() : throw Fault(root.GetProperty("error"));
            }
        }
        catch (Exception broken) when (broken is IOException or SocketException or JsonException || (broken is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new EdgeException(
                ErrorCodes.NodeUnreachable, $"The node did not answer {method}.",
                broken is OperationCanceledException ? $"It took longer than {limit.TotalSeconds:0.#} s." : broken.Message,
                "Look at its log; `clawmesh-edge diag` works without it.", FailureClass.Infra, broken);
        }

        throw new EdgeException(
            ErrorCodes.NodeUnreachable, $"The node did not answer {method}.", "It closed the connection.",
            "Look at its log; it may be stopping.", FailureClass.Infra);
    }

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    public void Dispose()
    {
        _stream.Dispose();
        _socket.Dispose();
    }

    private static byte[] Request(string id, string method, Action<Utf8JsonWriter>? parameters)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("type", "req");
            writer.WriteString("id", id);
            writer.WriteString("method", method);
            writer.WriteStartObject("params");
            parameters?.Invoke(writer);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        buffer.WriteByte((byte)'\n');
        return buffer.ToArray();
    }

    private static EdgeException Fault(JsonElement error)
    {
        string Member(string name, string fallback) =>
            error.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : fallback;

        string code = Member("code", GateCodes.InternalError);
        return new EdgeException(
            code == GateCodes.NotAuthorized ? ErrorCodes.NodeNotPermitted : code,
            Member("what", "The node answered with an error."), Member("why", Member("message", code)), Member("fix", "The node's log says more."),
            FailureClassWords.Parse(Member("failureClass", "")) ?? FailureClass.Infra)
        {
            Trace = Member("trace", "") is { Length: > 0 } trace ? trace : null,
        };
    }
}
