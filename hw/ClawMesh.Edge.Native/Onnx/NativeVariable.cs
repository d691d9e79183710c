using System.Runtime.InteropServices;

namespace ClawMesh.Edge.Native.Onnx;

/// <summary>
/// <c>setenv(3)</c>. <see cref="Environment.SetEnvironmentVariable(string, string)"/> keeps its values to managed code; a library's
/// getenv never sees them.
/// </summary>
internal static partial class NativeVariable
{
    internal static void Set(string name, string value) => _ = SetVariable(name, value, 1);

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int overwrite);
}
