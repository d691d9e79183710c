using System.Text;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Journal.Chain;

namespace ClawMesh.Edge.Journal.Reading;

/// <summary>Compares the signed head with the end of a walked chain. The head may lag by one record: power can fail between the two.</summary>
internal static class HeadCheck
{
    private const string Place = "head";

    /// <returns>What the head counts; 0 when there is no usable one.</returns>
    public static long Check(byte[]? json, ChainWalk walk, ReadOnlySpan<byte> publicKey, ISignatureVerifier verifier, Findings findings)
    {
        if (json is null)
        {
            // No head yet is what a node leaves that lost power after its very first record.
            if (walk.Last > 1) findings.Add(walk.Last, Place, "the signed head is missing; whether records were removed behind this one cannot be told");
            return 0;
        }

        if (JournalHead.Parse(json, out string problem) is not { } head)
        {
            findings.Add(null, Place, $"the signed head cannot be used: {problem}");
            return 0;
        }

        if (!head.PublicKey.AsSpan().SequenceEqual(publicKey)) findings.Add(null, Place, "the head names the key of another device");
        if (!head.IsSignedBy(publicKey, verifier))
        {
            findings.Add(null, Place, "the head does not carry a signature of this device");
            return 0;
        }

        if (head.Count > walk.Last) findings.Add(walk.Last + 1, "chain", Missing(walk.Last + 1, head.Count));
        else if (head.Count < walk.Last - 1) findings.Add(head.Count + 2, "chain", $"the head counts records up to {head.Count}; it may lag by one, and the journal ends at {walk.Last}");
        else CompareWithRecord(head, walk, findings);
        return head.Count;
    }

    private static void CompareWithRecord(JournalHead head, ChainWalk walk, Findings findings)
    {
        bool lags = head.Count == walk.Last - 1;
        byte[]? hash = lags ? walk.BeforeLast?.Hash : walk.LastHash;
        string? boot = !lags ? walk.LastBoot : walk.BeforeLast is { } before ? Encoding.UTF8.GetString(before.Columns.Boot) : null;
        if (!head.Hash.AsSpan().SequenceEqual(hash)) findings.Add(head.Count, Place, "the head was signed over another record");
        else if (head.Boot != boot) findings.Add(head.Count, Place, "the head names another boot than its record");
    }

    private static string Missing(long first, long last) =>
        first == last ? $"record {first} is missing; the signed head counts it" : $"records {first} to {last} are missing; the signed head counts them";
}
