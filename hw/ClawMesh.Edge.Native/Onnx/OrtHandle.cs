using System.Runtime.InteropServices;

namespace ClawMesh.Edge.Native.Onnx;

/// <summary>One object of ONNX Runtime with the function that releases it.</summary>
internal sealed unsafe class OrtHandle : SafeHandle
{
    private readonly OrtApi _api;
    private readonly OrtFunction _release;

    internal OrtHandle(OrtApi api, OrtFunction release, nint value)
        : base(0, ownsHandle: true)
    {
        (_api, _release) = (api, release);
        SetHandle(value);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>Valid while this object is held; see <see cref="GC.KeepAlive"/> where nothing else holds it.</summary>
    internal nint Value => handle;

    protected override bool ReleaseHandle()
    {
        ((delegate* unmanaged[Cdecl]<nint, void>)_api[_release])(handle);
        return true;
    }
}
