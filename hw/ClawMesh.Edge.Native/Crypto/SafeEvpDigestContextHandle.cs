using Microsoft.Win32.SafeHandles;

namespace ClawMesh.Edge.Native.Crypto;

/// <summary>One <c>EVP_MD_CTX</c>: the state of a single signing or verification.</summary>
internal sealed class SafeEvpDigestContextHandle() : SafeHandleZeroOrMinusOneIsInvalid(ownsHandle: true)
{
    protected override bool ReleaseHandle()
    {
        Libcrypto.FreeDigestContext(handle);
        return true;
    }
}
