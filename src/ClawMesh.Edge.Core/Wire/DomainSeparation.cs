using System.Buffers.Binary;
using System.Text;

namespace ClawMesh.Edge.Core.Wire;

/// <summary>
/// The byte layout DS(label, p1, …, pn) = label ‖ 0x00 ‖ LP(p1) ‖ … ‖ LP(pn), where LP(x) is the length as four big-endian
/// bytes, then x ([X-1]). Every hash and signature of the extensions is taken over such bytes.
/// </summary>
public static class DomainSeparation
{
    public const string CommandDigest = "clawmesh-edge/command-digest/v1";

    public const string Frame = "clawmesh-edge/frame/v1";

    public const string SyncVector = "clawmesh-edge/sync-vector/v1";
    public const string SyncBucket = "clawmesh-edge/sync-bucket/v1";
    public const string SyncRoot = "clawmesh-edge/sync-root/v1";
    public const string SyncWindow = "clawmesh-edge/sync-window/v1";

    public const string CommandSignature = "clawmesh-edge/command/v1";

    /// <summary>A label of this product that no rule of the extensions uses: the signed head of the actuation journal.</summary>
    public const string JournalHead = "clawmesh-edge/journal-head/v1";

    /// <summary>Likewise: the point behind which journal records were pruned.</summary>
    public const string JournalCheckpoint = "clawmesh-edge/journal-checkpoint/v1";

    /// <summary>Likewise: one journal record, the input of the hash chain.</summary>
    public const string JournalRecord = "clawmesh-edge/journal-record/v1";

    /// <summary>Likewise: the manifest of a signed update.</summary>
    public const string UpdateBundle = "clawmesh-edge/update-bundle/v1";

    public static byte[] Bytes(string label, params ReadOnlySpan<ReadOnlyMemory<byte>> parts)
    {
        byte[] labelBytes = Encoding.UTF8.GetBytes(label);
        int length = labelBytes.Length + 1;
        foreach (ReadOnlyMemory<byte> part in parts) length += 4 + part.Length;

        byte[] bytes = new byte[length];
        labelBytes.CopyTo(bytes, 0);
        int at = labelBytes.Length + 1;
        foreach (ReadOnlyMemory<byte> part in parts)
        {
            BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(at), part.Length);
            part.Span.CopyTo(bytes.AsSpan(at + 4));
            at += 4 + part.Length;
        }

        return bytes;
    }

    public static ReadOnlyMemory<byte> Text(string text) => Encoding.UTF8.GetBytes(text);
}
