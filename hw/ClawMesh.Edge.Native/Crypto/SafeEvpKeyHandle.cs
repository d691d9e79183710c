using Microsoft.Win32.SafeHandles;

namespace ClawMesh.Edge.Native.Crypto;

/// <summary>One <c>EVP_PKEY</c>. Freeing it wipes the private part (OpenSSL uses clear-free for key material).</summary>
internal sealed class SafeEvpKeyHandle() : SafeHandleZeroOrMinusOneIsInvalid(ownsHandle: true)
{
    protected override bool ReleaseHandle()
    {
        Libcrypto.FreeKey(handle);
        return true;
    }
}
