using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Native.Cuda;

/// <summary>What can be wrong with a GPU, each with what the driver said and a next step.</summary>
internal static class CudaFaults
{
    private const string NotUsed = "Could not use the GPU.";

    internal static EdgeException NoLibrary(IReadOnlyList<string> candidates) => new(
        "gpu.absent",
        NotUsed,
        $"The driver's library could not be loaded; looked for {string.Join(", ", candidates)}.",
        "Install NVIDIA's driver (it is part of JetPack), or name its libcuda.so.1 in the configuration. Without a GPU the node plans on the processor.",
        FailureClass.Gpu);

    internal static EdgeException NoDevice(string why) => new(
        "gpu.absent", NotUsed, why, "Look at `nvidia-smi` (on a Jetson at /dev/nvhost-gpu or /dev/nvgpu) and at the groups of the node's user: video, render.", FailureClass.Gpu);

    internal static EdgeException TooOld(string why) => new(
        "gpu.driver_too_old", NotUsed, $"The driver is too old for this program, or does not fit the machine: {why}", "Install a driver for CUDA 10.2 or newer (JetPack 4.6 or newer), and restart.", FailureClass.Gpu);

    internal static EdgeException OutOfMemory(string call, string said, nuint bytes) => new(
        "gpu.out_of_memory",
        "Could not get memory of the GPU.",
        $"{call}{(bytes == 0 ? "" : $" for {bytes} bytes")} answered {said}.",
        "Stop what else uses it (`nvidia-smi`, `tegrastats`); on a Jetson the GPU shares the machine's memory.",
        FailureClass.Gpu);

    internal static EdgeException ModuleRefused(string said, string log) => new(
        "gpu.module_refused",
        "Could not load the program for the GPU.",
        $"The driver answered {said}{(log.Length == 0 ? "." : $": {log}")}",
        "Update the driver; if it is new, this is a bug: please report it with the driver's version.",
        FailureClass.Gpu);

    internal static EdgeException Failed(string call, string said) => new(
        "gpu.failed", NotUsed, $"{call} answered {said}.", "Look at `dmesg | grep -i -E 'nvrm|nvgpu'`; restart the node when the driver is well.", FailureClass.Gpu);

    internal static EdgeException Lost(string call, string said) => new(
        "gpu.lost",
        "Lost the GPU.",
        $"{call} answered {said}; after that nothing on it can be trusted.",
        "Look at `dmesg | grep -i -E 'nvrm|nvgpu|xid'` for heat, power or memory faults, then restart the node. Until then it plans without the GPU.",
        FailureClass.Gpu);
}
