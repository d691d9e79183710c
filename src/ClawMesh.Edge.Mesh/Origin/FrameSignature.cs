using System.Security.Cryptography;
using System.Text.Json;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.Mesh.Gossip;

namespace ClawMesh.Edge.Mesh.Origin;

/// <summary>What the signature of a frame is taken over ([X-13]), and what two copies of a frame have in common.</summary>
public static class FrameSignature
{
    /// <summary>DS(<c>clawmesh-edge/frame/v1</c>, meshId, JCS(frame without <c>hops</c> and <c>sig</c>)).</summary>
    /// <exception cref="FormatException">The frame has no canonical form ([X-4]).</exception>
    public static byte[] Signed(string meshId, JsonElement frame) => Signed(meshId, Canonical(frame));

    /// <summary>The same, of a canonical form that is there already.</summary>
    public static byte[] Signed(string meshId, byte[] canonical) => DomainSeparation.Bytes(DomainSeparation.Frame, DomainSeparation.Text(meshId), canonical);

    /// <summary>JCS(frame without <c>hops</c> and <c>sig</c>): equal for every copy of one frame, however relays wrote it.</summary>
    /// <exception cref="FormatException">The frame has no canonical form.</exception>
    public static byte[] Canonical(JsonElement frame) => CanonicalJson.CanonicaliseWithout(frame, "hops", "sig");

    /// <summary>Whether two texts are the same frame. False for one that has no canonical form.</summary>
    public static bool AreSame(ReadOnlyMemory<byte> one, ReadOnlyMemory<byte> other)
    {
        try
        {
            using JsonDocument a = JsonDocument.Parse(one), b = JsonDocument.Parse(other);
            return Canonical(a.RootElement).AsSpan().SequenceEqual(Canonical(b.RootElement));
        }
        catch (FormatException)
        {
            return false;
        }
    }

    /// <summary>Whether the <c>data</c> of two frames is the same after canonicalisation ([X-20]).</summary>
    public static bool HaveSameData(ReadOnlyMemory<byte> one, ReadOnlyMemory<byte> other)
    {
        try
        {
            using JsonDocument a = JsonDocument.Parse(one), b = JsonDocument.Parse(other);
            return CanonicalJson.Canonicalise(a.RootElement.GetProperty("data")).AsSpan().SequenceEqual(CanonicalJson.Canonicalise(b.RootElement.GetProperty("data")));
        }
        catch (FormatException)
        {
            return false;
        }
    }

    /// <summary>A mark for the text of a frame but its hops: copies that only relays of this kind passed on have one mark.</summary>
    internal static Mark MarkOf(MeshFrame frame)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(frame.Utf8.AsSpan(0, frame.HopsStart));
        hash.AppendData(frame.Utf8.AsSpan(frame.HopsStart + frame.HopsLength));
        Span<byte> bytes = stackalloc byte[32];
        hash.GetHashAndReset(bytes);
        return new Mark(BitConverter.ToUInt64(bytes), BitConverter.ToUInt64(bytes[8..]), BitConverter.ToUInt64(bytes[16..]), BitConverter.ToUInt64(bytes[24..]));
    }

    /// <summary>32 bytes as a key.</summary>
    internal readonly record struct Mark(ulong A, ulong B, ulong C, ulong D);
}
