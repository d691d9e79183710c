using System.Runtime.InteropServices;

namespace ClawMesh.Edge.Native.Linux;

/// <summary><c>geteuid(2)</c>; cannot fail.</summary>
internal static partial class EffectiveUser
{
    [LibraryImport("libc", EntryPoint = "geteuid")]
    internal static partial uint Id();
}
