using System.Runtime.InteropServices;
using System.Text;

namespace ClawMesh.Edge.Native.Linux;

/// <summary><c>uname(2)</c>.</summary>
internal static partial class KernelName
{
    // struct utsname of sys/utsname.h: six fields of 65 bytes, the terminating zero included.
    private const int FieldBytes = 65;
    private const int Fields = 6;

    /// <summary>Release, such as <c>5.15.148-tegra</c>, and machine, such as <c>aarch64</c>.</summary>
    internal static (string Release, string Machine) Read()
    {
        Span<byte> name = stackalloc byte[FieldBytes * Fields];
        name.Clear();
        return Uname(name) == 0 ? (Field(name, 2), Field(name, 4)) : ("unknown", "unknown");
    }

    private static string Field(ReadOnlySpan<byte> name, int index)
    {
        ReadOnlySpan<byte> field = name.Slice(index * FieldBytes, FieldBytes);
        int end = field.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? field : field[..end]);
    }

    [LibraryImport("libc", EntryPoint = "uname")]
    private static partial int Uname(Span<byte> name);
}
