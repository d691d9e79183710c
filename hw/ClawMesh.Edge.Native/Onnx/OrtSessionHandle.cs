using System.Runtime.InteropServices;

namespace ClawMesh.Edge.Native.Onnx;

/// <summary>One input or output of a graph.</summary>
/// <param name="Element">None for what is no tensor.</param>
/// <param name="Shape">A negative length is left open by the graph.</param>
internal sealed record OrtPortFacts(string Name, OrtElement Element, long[] Shape);

/// <summary>A loaded model. Running it is thread-safe.</summary>
internal sealed unsafe class OrtSessionHandle : IDisposable
{
    private readonly OrtHandle _handle;

    /// <exception cref="OrtFault">Not a model, or one this library or its provider cannot run.</exception>
    internal OrtSessionHandle(OrtApi api, ReadOnlySpan<byte> model, OrtSessionOptions options)
    {
        Api = api;
        nint made;
        fixed (byte* bytes = model)
        {
            api.Check(((delegate* unmanaged[Cdecl]<nint, byte*, nuint, nint, nint*, nint>)api[OrtFunction.CreateSessionFromArray])(api.Environment, bytes, (nuint)model.Length, options.Value, &made));
        }

        _handle = new OrtHandle(api, OrtFunction.ReleaseSession, made);
        Inputs = Ports(OrtFunction.GetInputCount, OrtFunction.GetInputName, OrtFunction.GetInputType);
        Outputs = Ports(OrtFunction.GetOutputCount, OrtFunction.GetOutputName, OrtFunction.GetOutputType);
    }

    internal OrtApi Api { get; }

    internal IReadOnlyList<OrtPortFacts> Inputs { get; }

    internal IReadOnlyList<OrtPortFacts> Outputs { get; }

    internal nint Value => _handle.Value;

    public void Dispose() => _handle.Dispose();

    /// <param name="type">A tensor's type and shape, which stays the caller's.</param>
    internal static (OrtElement Element, long[] Shape) TypeAndShape(OrtApi api, nint type)
    {
        int element;
        api.Check(((delegate* unmanaged[Cdecl]<nint, int*, nint>)api[OrtFunction.GetElementType])(type, &element));
        nuint rank;
        api.Check(((delegate* unmanaged[Cdecl]<nint, nuint*, nint>)api[OrtFunction.GetDimensionCount])(type, &rank));
        var shape = new long[(int)rank];
        fixed (long* lengths = shape) api.Check(((delegate* unmanaged[Cdecl]<nint, long*, nuint, nint>)api[OrtFunction.GetDimensions])(type, lengths, rank));
        return ((OrtElement)element, shape);
    }

    private OrtPortFacts[] Ports(OrtFunction count, OrtFunction name, OrtFunction type)
    {
        nuint ports;
        Api.Check(((delegate* unmanaged[Cdecl]<nint, nuint*, nint>)Api[count])(Value, &ports));
        var read = new OrtPortFacts[(int)ports];
        for (nuint i = 0; i < ports; i++)
        {
            nint text;
            Api.Check(((delegate* unmanaged[Cdecl]<nint, nuint, nint, nint*, nint>)Api[name])(Value, i, Api.Allocator, &text));
            string portName = Marshal.PtrToStringUTF8(text) ?? "";
            Api.Check(((delegate* unmanaged[Cdecl]<nint, nint, nint>)Api[OrtFunction.AllocatorFree])(Api.Allocator, text));
            read[(int)i] = Port(portName, type, i);
        }

        return read;
    }

    private OrtPortFacts Port(string name, OrtFunction function, nuint index)
    {
        nint type, tensor;
        Api.Check(((delegate* unmanaged[Cdecl]<nint, nuint, nint*, nint>)Api[function])(Value, index, &type));
        using var owned = new OrtHandle(Api, OrtFunction.ReleaseType, type);
        Api.Check(((delegate* unmanaged[Cdecl]<nint, nint*, nint>)Api[OrtFunction.CastToTensorType])(type, &tensor));
        if (tensor == 0) return new OrtPortFacts(name, OrtElement.None, []);
        (OrtElement element, long[] shape) = TypeAndShape(Api, tensor);
        return new OrtPortFacts(name, element, shape);
    }
}
