using System.Runtime.InteropServices;

namespace ClawMesh.Edge.Native.Linux;

/// <summary><c>struct ucred</c> of linux/socket.h: who called <c>connect</c>, as the kernel recorded it then.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct UnixCredentials
{
    public int ProcessId;
    public uint UserId;
    public uint GroupId;
}

/// <summary><c>getsockopt(SOL_SOCKET, SO_PEERCRED)</c>, see unix(7).</summary>
internal static partial class SocketCredentials
{
    // asm-generic/socket.h; x64 and arm64 both use the generic numbers.
    private const int SolSocket = 1;
    private const int SoPeercred = 17;

    /// <summary>False with errno set when the socket is no connected Unix socket.</summary>
    internal static bool TryGet(SafeHandle socket, out UnixCredentials credentials)
    {
        credentials = default;
        uint length = (uint)Marshal.SizeOf<UnixCredentials>();
        return GetSockOpt(socket, SolSocket, SoPeercred, ref credentials, ref length) == 0;
    }

    [LibraryImport("libc", EntryPoint = "getsockopt", SetLastError = true)]
    private static partial int GetSockOpt(SafeHandle socket, int level, int option, ref UnixCredentials value, ref uint length);
}
