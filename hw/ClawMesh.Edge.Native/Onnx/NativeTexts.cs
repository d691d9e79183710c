using System.Runtime.InteropServices;

namespace ClawMesh.Edge.Native.Onnx;

/// <summary>A list of texts as C wants it: an array of pointers to NUL-terminated UTF-8, alive until disposed.</summary>
internal sealed unsafe class NativeTexts : IDisposable
{
    private nint* _texts;

    internal NativeTexts(IReadOnlyList<string> texts)
    {
        Count = texts.Count;
        _texts = (nint*)NativeMemory.AllocZeroed((nuint)Math.Max(Count, 1), (nuint)sizeof(nint));
        for (int i = 0; i < Count; i++) _texts[i] = Marshal.StringToCoTaskMemUTF8(texts[i]);
    }

    ~NativeTexts() => Free();

    internal int Count { get; }

    internal nint* Pointer => _texts;

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        if (_texts is null) return;
        for (int i = 0; i < Count; i++) Marshal.FreeCoTaskMem(_texts[i]);
        NativeMemory.Free(_texts);
        _texts = null;
    }
}
