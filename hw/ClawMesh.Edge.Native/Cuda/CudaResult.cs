namespace ClawMesh.Edge.Native.Cuda;

/// <summary>The CUresult values that decide what a failure is called (cuda.h); every other value is told by the driver's own name for it.</summary>
internal static class CudaResult
{
    internal const int Success = 0;
    internal const int OutOfMemory = 2;
    internal const int StubLibrary = 34;
    internal const int NoDevice = 100;
    internal const int InvalidDevice = 101;
    internal const int UnsupportedPtxVersion = 222;
    internal const int SystemDriverMismatch = 803;
    internal const int CompatNotSupportedOnDevice = 804;
}
