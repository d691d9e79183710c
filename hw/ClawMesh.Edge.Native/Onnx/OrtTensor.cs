using System.Runtime.InteropServices;

namespace ClawMesh.Edge.Native.Onnx;

/// <summary>ONNXTensorElementDataType: how an element of a tensor is stored.</summary>
internal enum OrtElement
{
    None = 0,
    Float = 1,
    Text = 8,
}

/// <summary>
/// A tensor, either over memory of its own, 64-byte aligned so that vector code needs no peeling, or made by ONNX Runtime. Its memory stays in
/// place; whoever runs a session with it writes and reads it there.
/// </summary>
internal sealed unsafe class OrtTensor : IDisposable
{
    private readonly OrtApi _api;
    private readonly OrtHandle _handle;
    private void* _memory;

    /// <param name="elementBytes">Size of one element.</param>
    internal OrtTensor(OrtApi api, OrtElement element, int elementBytes, params ReadOnlySpan<long> shape)
    {
        _api = api;
        Element = element;
        Shape = shape.ToArray();
        nuint bytes = (nuint)elementBytes;
        foreach (long length in shape) bytes = checked(bytes * (nuint)length);
        ByteLength = checked((int)bytes);
        _memory = NativeMemory.AlignedAlloc(Math.Max(bytes, 64), 64);
        NativeMemory.Clear(_memory, bytes);
        try
        {
            nint made;
            fixed (long* dimensions = shape)
            {
                api.Check(((delegate* unmanaged[Cdecl]<nint, void*, nuint, long*, nuint, int, nint*, nint>)api[OrtFunction.CreateTensorWithData])(
                    api.CpuMemory, _memory, bytes, dimensions, (nuint)shape.Length, (int)element, &made));
            }

            _handle = new OrtHandle(api, OrtFunction.ReleaseValue, made);
        }
        catch
        {
            NativeMemory.AlignedFree(_memory);
            throw;
        }
    }

    /// <summary>A tensor of texts, which ONNX Runtime keeps.</summary>
    internal OrtTensor(OrtApi api, IReadOnlyList<string> texts, params ReadOnlySpan<long> shape)
    {
        _api = api;
        Element = OrtElement.Text;
        Shape = shape.ToArray();
        nint made;
        fixed (long* dimensions = shape)
        {
            api.Check(((delegate* unmanaged[Cdecl]<nint, long*, nuint, int, nint*, nint>)api[OrtFunction.CreateTensor])(api.Allocator, dimensions, (nuint)shape.Length, (int)Element, &made));
        }

        _handle = new OrtHandle(api, OrtFunction.ReleaseValue, made);
        using var list = new NativeTexts(texts);
        api.Check(((delegate* unmanaged[Cdecl]<nint, nint*, nuint, nint>)api[OrtFunction.FillStringTensor])(made, list.Pointer, (nuint)texts.Count));
    }

    /// <summary>Takes over a value that a run has made. One that is no tensor has element <see cref="OrtElement.None"/>.</summary>
    internal OrtTensor(OrtApi api, nint made)
    {
        _api = api;
        _handle = new OrtHandle(api, OrtFunction.ReleaseValue, made);
        Shape = [];
        int isTensor;
        api.Check(((delegate* unmanaged[Cdecl]<nint, int*, nint>)api[OrtFunction.IsTensor])(made, &isTensor));
        if (isTensor == 0) return;
        nint type;
        api.Check(((delegate* unmanaged[Cdecl]<nint, nint*, nint>)api[OrtFunction.GetTensorTypeAndShape])(made, &type));
        using var owned = new OrtHandle(api, OrtFunction.ReleaseTensorTypeAndShape, type);
        (Element, Shape) = OrtSessionHandle.TypeAndShape(api, type);
    }

    internal OrtElement Element { get; }

    internal long[] Shape { get; }

    /// <summary>Of memory of its own; 0 for what ONNX Runtime made.</summary>
    internal int ByteLength { get; }

    internal nint Value => _handle.Value;

    internal Span<float> Floats => MemoryMarshal.Cast<byte, float>(Bytes);

    /// <summary>Memory of its own, valid until disposed.</summary>
    internal Span<byte> Bytes
    {
        get
        {
            ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
            return new(_memory, ByteLength);
        }
    }

    /// <summary>The elements of a tensor that ONNX Runtime made, copied.</summary>
    internal byte[] Copy(int elementBytes)
    {
        nint data;
        _api.Check(((delegate* unmanaged[Cdecl]<nint, nint*, nint>)_api[OrtFunction.GetTensorData])(Value, &data));
        long count = 1;
        foreach (long length in Shape) count *= length;
        return new ReadOnlySpan<byte>((void*)data, checked((int)(count * elementBytes))).ToArray();
    }

    /// <summary>The elements of a tensor of texts.</summary>
    internal string[] Texts()
    {
        long count = 1;
        foreach (long length in Shape) count *= length;
        nuint bytes;
        _api.Check(((delegate* unmanaged[Cdecl]<nint, nuint*, nint>)_api[OrtFunction.GetStringTensorLength])(Value, &bytes));
        var content = new byte[(int)bytes];
        var starts = new nuint[count];
        fixed (byte* text = content)
        {
            fixed (nuint* offsets = starts)
            {
                _api.Check(((delegate* unmanaged[Cdecl]<nint, byte*, nuint, nuint*, nuint, nint>)_api[OrtFunction.GetStringTensorContent])(Value, text, bytes, offsets, (nuint)count));
            }
        }

        var texts = new string[count];
        for (int i = 0; i < count; i++)
        {
            int end = i + 1 < count ? (int)starts[i + 1] : content.Length;
            texts[i] = System.Text.Encoding.UTF8.GetString(content.AsSpan((int)starts[i]..end));
        }

        return texts;
    }

    public void Dispose()
    {
        _handle.Dispose();
        if (_memory is null) return;
        NativeMemory.AlignedFree(_memory);
        _memory = null;
    }
}
