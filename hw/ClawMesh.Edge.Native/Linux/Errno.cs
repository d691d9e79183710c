namespace ClawMesh.Edge.Native.Linux;

/// <summary>Error numbers the code tells apart (asm-generic/errno-base.h and errno.h; the same on x64 and arm64).</summary>
internal static class Errno
{
    internal const int Eperm = 1;
    internal const int Enoent = 2;
    internal const int Eintr = 4;
    internal const int Eio = 5;
    internal const int Enxio = 6;
    internal const int Ewouldblock = 11;
    internal const int Eacces = 13;
    internal const int Ebusy = 16;
    internal const int Eexist = 17;
    internal const int Enodev = 19;
    internal const int Einval = 22;
    internal const int Enotty = 25;
    internal const int Eremoteio = 121;
    internal const int Eopnotsupp = 95;
    internal const int Etimedout = 110;
}
