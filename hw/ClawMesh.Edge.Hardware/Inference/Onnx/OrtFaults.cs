using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Native.Onnx;

namespace ClawMesh.Edge.Hardware.Inference.Onnx;

/// <summary>What a no of ONNX Runtime means for the node.</summary>
internal static class OrtFaults
{
    private const int MaxTextLength = 400;

    /// <summary>The model could not be made ready.</summary>
    public static EdgeException Loading(OrtFault fault, string model, OrtProvider provider) => provider == OrtProvider.Cpu
        ? new EdgeException("model.corrupt", $"Could not load the model '{model}'.", $"ONNX Runtime says: {Plain(fault)}.", "`clawmesh-edge model check FILE` says more; put the model of the release back.", FailureClass.Model, fault)
        : new EdgeException("gpu.provider_unusable", $"Could not load the model '{model}' on {OrtOptions.NameOf(provider)}.", $"ONNX Runtime says: {Plain(fault)}.", "`clawmesh-edge model check FILE` lists the providers; docs/models.md says what each needs.", FailureClass.Gpu, fault);

    /// <summary>A run failed.</summary>
    public static EdgeException Running(OrtFault fault, string model, OrtProvider provider) => provider == OrtProvider.Cpu
        ? new EdgeException("model.run_failed", $"The model '{model}' gave no answer.", $"ONNX Runtime says: {Plain(fault)}.", "`clawmesh-edge model check FILE` runs it once more; `diag platform` shows the memory.", FailureClass.Model, fault)
        : new EdgeException("gpu.run_failed", $"The model '{model}' gave no answer on {OrtOptions.NameOf(provider)}.", $"ONNX Runtime says: {Plain(fault)}.", "Look at the kernel log for the GPU; another program may use its memory.", FailureClass.Gpu, fault);

    /// <summary>One line without control characters, clipped: some messages are a page long.</summary>
    internal static string Plain(OrtFault fault)
    {
        string text = string.Join(' ', fault.Message.Split((char[])['\n', '\r', '\t', '\u001b'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).TrimEnd('.');
        return text.Length <= MaxTextLength ? text : text[..MaxTextLength] + "…";
    }
}
