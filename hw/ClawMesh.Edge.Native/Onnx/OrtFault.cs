namespace ClawMesh.Edge.Native.Onnx;

/// <summary>ONNX Runtime said no. What it means for the node, its caller decides.</summary>
/// <param name="code">OrtErrorCode of onnxruntime_c_api.h.</param>
internal sealed class OrtFault(int code, string message) : Exception(message)
{
    internal const int Failed = 1;
    internal const int InvalidProtobuf = 7;
    internal const int InvalidGraph = 10;

    internal int Code => code;
}
