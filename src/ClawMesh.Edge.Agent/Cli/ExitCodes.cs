using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Mesh.Sessions;
using ClawMesh.Edge.Mesh.Transport;

namespace ClawMesh.Edge.Agent.Cli;

/// <summary>The exit codes of DESIGN section 8.</summary>
internal static class ExitCodes
{
    public const int Ok = 0;
    public const int Failed = 1;

    /// <summary>Usage or bad configuration.</summary>
    public const int Usage = 2;

    /// <summary>Refused by the gate.</summary>
    public const int Refused = 3;

    /// <summary>The node is not reachable, or does not permit the read.</summary>
    public const int Unreachable = 4;

    /// <summary>By the error's code first, then by its class: an unreadable identity is a failure, a wrong site file is bad configuration.</summary>
    public static int For(EdgeException error) => error.Code switch
    {
        GateCodes.NoIdentity => Failed,
        ErrorCodes.NodeUnreachable or ErrorCodes.NodeNotPermitted or TlsErrorCodes.PinMismatch or CallErrorCodes.NotConnected => Unreachable,
        ErrorCodes.Usage or ErrorCodes.PortBusy or ErrorCodes.NodeRunning or GateCodes.InvalidParams => Usage,
        _ => error.FailureClass == FailureClass.Config ? Usage : Failed,
    };
}

/// <summary>Codes of local faults that the agent itself raises. Listed with their exit codes in docs/errors.md.</summary>
internal static class ErrorCodes
{
    public const string Usage = "cli.usage";
    public const string NodeUnreachable = "node.unreachable";
    public const string NodeNotPermitted = "node.not_permitted";
    public const string NodeRunning = "node.already_running";
    public const string PortBusy = "node.port_busy";
    public const string CannotListen = "node.cannot_listen";
    public const string SocketPathTooLong = "node.socket_path_too_long";
    public const string ConfigInvalid = "config.invalid";
    public const string SiteInvalid = "site.invalid";
    public const string SiteMissing = "site.missing";
}
