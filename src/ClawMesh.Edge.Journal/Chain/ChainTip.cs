namespace ClawMesh.Edge.Journal.Chain;

/// <summary>The newest record of a chain; sequence 0 and the genesis hash for an empty one.</summary>
internal sealed record ChainTip(long Sequence, byte[] Hash, string Boot, DateTimeOffset? At)
{
    public static readonly ChainTip Empty = new(0, RecordColumns.Genesis, "", null);

    public bool Is(long sequence, ReadOnlySpan<byte> hash) => Sequence == sequence && hash.SequenceEqual(Hash);
}
