using System.Net.Sockets;
using System.Runtime.InteropServices;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Native.Linux;

namespace ClawMesh.Edge.Hardware.Linux;

/// <summary>Who is at the other end of a Unix socket, as the kernel recorded it when they connected. It cannot be forged.</summary>
public readonly record struct PeerCredentials(int ProcessId, uint UserId, uint GroupId)
{
    /// <exception cref="EdgeException"><c>socket.no_credentials</c>: the socket is no connected Unix socket.</exception>
    public static PeerCredentials Of(Socket socket)
    {
        if (!SocketCredentials.TryGet(socket.SafeHandle, out UnixCredentials credentials))
            throw NoCredentials($"The kernel says: {LinuxFault.Text(Marshal.GetLastPInvokeError())}.");

        // A TCP socket, or one that is not connected, answers with user -1 instead of an error.
        return credentials.UserId == uint.MaxValue
            ? throw NoCredentials("The socket is no connected Unix socket.")
            : new PeerCredentials(credentials.ProcessId, credentials.UserId, credentials.GroupId);
    }

    private static EdgeException NoCredentials(string why) => new(
        "socket.no_credentials",
        what: "Could not tell which user is calling, so the call is not accepted.",
        why,
        fix: "Connect through the node's Unix socket.",
        failureClass: FailureClass.Auth);
}
