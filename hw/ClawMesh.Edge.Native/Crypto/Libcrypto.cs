using System.Reflection;
using System.Runtime.InteropServices;
using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Native.Crypto;

/// <summary>
/// The OpenSSL calls that Ed25519 needs (openssl/evp.h, openssl/err.h, openssl/crypto.h), in 1.1.1 and 3.x alike.
/// Call <see cref="Require"/> before anything else here.
/// </summary>
internal static partial class Libcrypto
{
    /// <summary>NID_ED25519 of openssl/obj_mac.h.</summary>
    internal const int EvpPkeyEd25519 = 1087;

    private const string Name = "libcrypto";
    private const string NewestNeededExport = "EVP_PKEY_new_raw_private_key";

    // Only versioned names: the bare .so comes with development packages and may be anything.
    private static readonly string[] Candidates = ["libcrypto.so.3", "libcrypto.so.1.1"];

    private static readonly Lock Gate = new();
    private static IntPtr _library;

    /// <summary>Loads the library once per process. Cheap afterwards. Thread-safe.</summary>
    /// <exception cref="EdgeException"><c>crypto.library_missing</c>: no usable libcrypto on this machine.</exception>
    internal static void Require()
    {
        if (Volatile.Read(ref _library) != IntPtr.Zero) return;
        lock (Gate)
        {
            if (_library != IntPtr.Zero) return;
            IntPtr found = Load(Candidates);

            // One resolver per assembly is all the runtime allows. Libraries that are located by path (ONNX Runtime) do not need one.
            NativeLibrary.SetDllImportResolver(typeof(Libcrypto).Assembly, Resolve);
            Volatile.Write(ref _library, found);
        }
    }

    /// <exception cref="EdgeException"><c>crypto.library_missing</c>.</exception>
    internal static IntPtr Load(IReadOnlyList<string> candidates)
    {
        string tooOld = "";
        foreach (string candidate in candidates)
        {
            if (!NativeLibrary.TryLoad(candidate, out IntPtr library)) continue;
            if (NativeLibrary.TryGetExport(library, NewestNeededExport, out _)) return library;
            tooOld = $" '{candidate}' is there, but older than OpenSSL 1.1.1.";
            NativeLibrary.Free(library);
        }

        throw new EdgeException(
            code: "crypto.library_missing",
            what: "Could not load OpenSSL's libcrypto, which signs and verifies with the device key.",
            why: $"None of {string.Join(", ", candidates)} could be used.{tooOld}",
            fix: "Install the package libssl3 (libssl1.1 on JetPack 5).",
            failureClass: FailureClass.Infra);
    }

    /// <summary>For example <c>OpenSSL 3.0.19 27 Jan 2026</c>.</summary>
    internal static string Version()
    {
        Require();
        return Marshal.PtrToStringUTF8(OpenSslVersion(0)) ?? "unknown";
    }

    private static IntPtr Resolve(string name, Assembly assembly, DllImportSearchPath? searchPath) =>
        name == Name ? Volatile.Read(ref _library) : IntPtr.Zero;

    [LibraryImport(Name, EntryPoint = "OpenSSL_version")]
    private static partial IntPtr OpenSslVersion(int what);

    [LibraryImport(Name, EntryPoint = "EVP_PKEY_new_raw_private_key")]
    internal static partial SafeEvpKeyHandle NewRawPrivateKey(int type, IntPtr engine, ReadOnlySpan<byte> key, nuint length);

    [LibraryImport(Name, EntryPoint = "EVP_PKEY_new_raw_public_key")]
    internal static partial SafeEvpKeyHandle NewRawPublicKey(int type, IntPtr engine, ReadOnlySpan<byte> key, nuint length);

    [LibraryImport(Name, EntryPoint = "EVP_PKEY_get_raw_public_key")]
    internal static partial int GetRawPublicKey(SafeEvpKeyHandle key, Span<byte> destination, ref nuint length);

    [LibraryImport(Name, EntryPoint = "EVP_PKEY_free")]
    internal static partial void FreeKey(IntPtr key);

    [LibraryImport(Name, EntryPoint = "EVP_MD_CTX_new")]
    internal static partial SafeEvpDigestContextHandle NewDigestContext();

    [LibraryImport(Name, EntryPoint = "EVP_MD_CTX_free")]
    internal static partial void FreeDigestContext(IntPtr context);

    [LibraryImport(Name, EntryPoint = "EVP_DigestSignInit")]
    internal static partial int DigestSignInit(SafeEvpDigestContextHandle context, IntPtr keyContext, IntPtr digest, IntPtr engine, SafeEvpKeyHandle key);

    [LibraryImport(Name, EntryPoint = "EVP_DigestSign")]
    internal static partial int DigestSign(
        SafeEvpDigestContextHandle context, Span<byte> signature, ref nuint signatureLength, ReadOnlySpan<byte> message, nuint messageLength);

    [LibraryImport(Name, EntryPoint = "EVP_DigestVerifyInit")]
    internal static partial int DigestVerifyInit(SafeEvpDigestContextHandle context, IntPtr keyContext, IntPtr digest, IntPtr engine, SafeEvpKeyHandle key);

    [LibraryImport(Name, EntryPoint = "EVP_DigestVerify")]
    internal static partial int DigestVerify(
        SafeEvpDigestContextHandle context, ReadOnlySpan<byte> signature, nuint signatureLength, ReadOnlySpan<byte> message, nuint messageLength);

    // OpenSSL queues errors per thread, and TLS on the same thread would later take ours for its own.
    [LibraryImport(Name, EntryPoint = "ERR_clear_error")]
    internal static partial void ClearErrors();
}
