using ClawMesh.Edge.Native.Linux;

namespace ClawMesh.Edge.Hardware.Linux;

/// <summary>The running kernel and the user this process acts as.</summary>
public static class HostKernel
{
    /// <summary>For example <c>5.15.148-tegra</c>.</summary>
    public static string Release => KernelName.Read().Release;

    /// <summary>For example <c>aarch64</c>.</summary>
    public static string Machine => KernelName.Read().Machine;

    /// <summary>The effective user id; 0 is root.</summary>
    public static uint EffectiveUserId => EffectiveUser.Id();

    /// <summary>Whether a process has this pid now. A pid can be reused: a hint, never a lock.</summary>
    public static bool ProcessExists(int processId) => ProcessSignal.Exists(processId);
}
