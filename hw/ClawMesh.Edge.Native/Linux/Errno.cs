namespace ClawMesh.Edge.Native.Linux;

/// <summary>Error numbers the code tells apart (asm-generic/errno-base.h; the same on x64 and arm64).</summary>
internal static class Errno
{
    internal const int Eperm = 1;
    internal const int Eintr = 4;
    internal const int Eio = 5;
    internal const int Enxio = 6;
    internal const int Ewouldblock = 11;
    internal const int Eexist = 17;
    internal const int Enodev = 19;
}
