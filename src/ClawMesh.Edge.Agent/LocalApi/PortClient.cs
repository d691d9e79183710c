using System.Security.Cryptography;
using System.Text.Json;
using ClawMesh.Edge.Agent.Cli;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Mesh.Peers;
using ClawMesh.Edge.Mesh.Sessions;
using ClawMesh.Edge.Mesh.Transport;

namespace ClawMesh.Edge.Agent.LocalApi;

/// <summary>
/// A program's end of a node's mesh port, for <c>--url</c>. With an operator token, and on loopback or <c>wss</c>, it proves to be an
/// operator; otherwise it reads what the node allows without proof ([X-70]).
/// </summary>
internal sealed class PortClient(ToolConnection connection, string url, string whyNoOperator) : INodeClient
{
    /// <param name="url"><c>ws://host:port</c>, or <c>wss://host:port|fingerprint</c>.</param>
    /// <exception cref="EdgeException"><c>cli.usage</c>, <c>node.unreachable</c>, <c>TLS_PIN_MISMATCH</c>.</exception>
    public static async Task<PortClient> ConnectAsync(CliContext context, string url, CancellationToken cancellationToken)
    {
        StaticPeer target = TargetOf(url, new NodeId(new string('0', NodeId.Length)));
        ToolConnection connection = await OpenAsync(context, target, cancellationToken);
        string why = "no operator token is known here: set CLAWMESH_OPERATOR_TOKEN, or run where the node's operator.token can be read";
        using OperatorToken? token = OperatorToken.FromEnvironmentOrFile(Environment.GetEnvironmentVariable, context.State.Path);
        if (token is not null)
        {
            // The proof does not protect what follows it, so it is given on loopback and on TLS only ([X-66]).
            why = connection.Facts is { OnLoopback: false, Encrypted: false }
                ? "an operator's proof is given on loopback or wss only"
                : await connection.AuthenticateAsync(token.Bytes, () => RandomNumberGenerator.GetBytes(32), cancellationToken) ?? "";
        }

        return new PortClient(connection, url, why);
    }

    /// <exception cref="EdgeException"><c>cli.usage</c>.</exception>
    public static StaticPeer TargetOf(string url, NodeId device) => StaticPeer.Parse($"{device.Value}={url}", out PeerProblem? problem) ?? throw new EdgeException(
        ErrorCodes.Usage, "The command line was not understood.", $"--url '{url}' cannot be used: {problem!.Why}.", "Write ws://host:port, or wss://host:port|fingerprint.", FailureClass.Config);

    /// <exception cref="EdgeException"><c>node.unreachable</c>, <c>TLS_PIN_MISMATCH</c>.</exception>
    public static async Task<ToolConnection> OpenAsync(CliContext context, StaticPeer target, CancellationToken cancellationToken)
    {
        var dialler = new MeshDialler(SendLimits.Default, context.Time, () => RandomNumberGenerator.GetBytes(16), new EventLog(context.Time), () => { });
        try
        {
            return await ToolConnection.OpenAsync(target, dialler, context.Time, Guid.NewGuid, cancellationToken);
        }
        catch (EdgeException failed) when (failed.Code != TlsErrorCodes.PinMismatch)
        {
            throw new EdgeException(ErrorCodes.NodeUnreachable, $"Could not reach the node at {target.UrlText}.", failed.Why, "Check address and port, and that the node runs.", FailureClass.Infra, failed);
        }
    }

    public async Task<JsonElement> CallAsync(string method, Action<Utf8JsonWriter>? parameters, TimeSpan limit, CancellationToken cancellationToken)
    {
        CallResult result = await connection.CallAsync(method, parameters, limit, cancellationToken);
        if (result.Ok) return result.Payload;
        throw result.Code switch
        {
            GateCodes.NotAuthorized => new EdgeException(
                ErrorCodes.NodeNotPermitted, $"The node at {url} does not permit {method}.", $"{result.Message.TrimEnd('.')}; {(whyNoOperator.Length > 0 ? whyNoOperator : "an operator may not do this from here").TrimEnd('.')}.",
                "Give the operator token, or let the node's operator.loopbackReadOnly be `read` for programs on its own machine.", FailureClass.Auth),
            CallErrorCodes.Timeout or CallErrorCodes.PeerDisconnected or CallErrorCodes.SendFailed or CallErrorCodes.NotConnected => new EdgeException(
                ErrorCodes.NodeUnreachable, $"The node at {url} did not answer {method}.", result.Message, "Look at its log.", FailureClass.Infra),
            _ => new EdgeException(result.Code, $"The node at {url} answered with an error.", result.Message, "Its log says more.", FailureClass.Infra),
        };
    }

    public ValueTask DisposeAsync() => connection.DisposeAsync();
}
