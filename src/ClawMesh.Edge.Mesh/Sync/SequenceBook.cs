using System.Security.Cryptography;
using ClawMesh.Edge.Core.Storage;
using ClawMesh.Edge.Core.Wire;

namespace ClawMesh.Edge.Mesh.Sync;

/// <summary>What became of a number that was to be noted.</summary>
public enum Noted
{
    /// <summary>It was not known.</summary>
    New,

    /// <summary>It was seen, or belongs to a life so old that all of it counts as seen.</summary>
    Known,

    /// <summary>There are as many origins as may be; the frame counts, its number is not kept.</summary>
    NoRoom,
}

/// <summary>The vectors of every origin this node has verified frames of, with the hashes of. Bounded ([X-29]). Thread-safe.</summary>
public sealed class SequenceBook
{
    public const int MaxOrigins = 256;
    public const int MaxEpochs = 4;
    public const int Buckets = 16;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, List<SequenceVector>> _origins = new(StringComparer.Ordinal);
    private readonly byte[]?[] _bucketHashes = new byte[]?[Buckets];
    private readonly HashSet<(string, string)> _unsaved = [];

    public SequenceBook(IReadOnlyList<SequenceKnowledge> remembered)
    {
        foreach (SequenceKnowledge knowledge in remembered)
        {
            if (VectorFor(knowledge.Origin, knowledge.Epoch, out _) is not { } place) continue;
            place.Epochs[place.At] = new SequenceVector(knowledge);
        }

        _unsaved.Clear();
    }

    public int Origins
    {
        get
        {
            lock (_lock) return _origins.Count;
        }
    }

    /// <summary>Numbers given up since they were first missed, over all origins ([X-30]).</summary>
    public long Lost
    {
        get
        {
            lock (_lock)
            {
                long lost = 0;
                foreach (List<SequenceVector> epochs in _origins.Values)
                {
                    foreach (SequenceVector vector in epochs) lost += vector.LostNumbers;
                }

                return lost;
            }
        }
    }

    public bool Has(string origin, string epoch, long number)
    {
        lock (_lock) return Find(origin, epoch) is { } vector ? vector.Has(number) : IsClosed(origin, epoch);
    }

    /// <summary>Whether a verified frame of an origin was ever taken in.</summary>
    public bool Knows(string origin)
    {
        lock (_lock) return _origins.ContainsKey(origin);
    }

    /// <summary>The newest life of an origin; null when none is known.</summary>
    public string? NewestEpoch(string origin)
    {
        lock (_lock) return _origins.TryGetValue(origin, out List<SequenceVector>? epochs) ? epochs[^1].Epoch : null;
    }

    /// <summary>Notes a verified frame.</summary>
    /// <param name="leavesGap">It came while an earlier number of its origin is missing.</param>
    public Noted See(string origin, string epoch, long number, out bool leavesGap)
    {
        leavesGap = false;
        lock (_lock)
        {
            if (VectorFor(origin, epoch, out bool closed) is not { } place) return closed ? Noted.Known : Noted.NoRoom;
            SequenceVector vector = place.Epochs[place.At];
            long before = vector.Highest;
            if (!vector.See(number)) return Noted.Known;
            leavesGap = number > before + 1;
            Changed(vector);
            return Noted.New;
        }
    }

    /// <summary>Numbers the origin itself declared void ([X-24]).</summary>
    public void Declare(string origin, string epoch, SequenceRange range)
    {
        lock (_lock)
        {
            if (VectorFor(origin, epoch, out _) is not { } place) return;
            place.Epochs[place.At].Declare(range);
            Changed(place.Epochs[place.At]);
        }
    }

    /// <summary>Numbers nobody has any more.</summary>
    public void GiveUp(string origin, string epoch, SequenceRange range)
    {
        lock (_lock)
        {
            if (Find(origin, epoch) is not { } vector || vector.GiveUp(range) == 0) return;
            Changed(vector);
        }
    }

    /// <summary>Forgets every life of an origin.</summary>
    public void Forget(string origin)
    {
        lock (_lock)
        {
            if (_origins.Remove(origin)) _bucketHashes[BucketOf(origin)] = null;
            _unsaved.RemoveWhere(key => key.Item1 == origin);
        }
    }

    /// <summary>What is known of one life; a snapshot, null when nothing is.</summary>
    public SequenceKnowledge? Of(string origin, string epoch)
    {
        lock (_lock) return Find(origin, epoch)?.Snapshot();
    }

    /// <summary>The 16 hashes of .</summary>
    public byte[][] BucketHashes()
    {
        lock (_lock)
        {
            var hashes = new byte[Buckets][];
            for (int k = 0; k < Buckets; k++) hashes[k] = _bucketHashes[k] ??= HashOf(k);
            return hashes;
        }
    }

    /// <summary>The root hash of 16 buckets.</summary>
    public static byte[] Root(byte[][] buckets)
    {
        var parts = new ReadOnlyMemory<byte>[buckets.Length];
        for (int k = 0; k < parts.Length; k++) parts[k] = buckets[k];
        return SHA256.HashData(DomainSeparation.Bytes(DomainSeparation.SyncRoot, parts));
    }

    /// <summary>The vectors of some buckets in the order of (origin, epoch), those after a place of the form <c>origin/epoch</c>.</summary>
    public List<SequenceKnowledge> Vectors(IReadOnlyList<int> buckets, string after, int limit)
    {
        var found = new List<SequenceKnowledge>();
        lock (_lock)
        {
            foreach (string origin in SortedOrigins())
            {
                if (!Contains(buckets, BucketOf(origin))) continue;
                foreach (SequenceVector vector in _origins[origin])
                {
                    if (found.Count == limit) return found;
                    if (string.CompareOrdinal(Place(origin, vector.Epoch), after) > 0) found.Add(vector.Snapshot());
                }
            }
        }

        return found;
    }

    /// <summary>What this node lacks of what a peer has.</summary>
    public List<SequenceRange> Lacks(SequenceKnowledge theirs, int limit, out long missing)
    {
        lock (_lock)
        {
            missing = 0;
            if (Find(theirs.Origin, theirs.Epoch) is { } vector) return vector.Lacks(theirs.Highest, theirs.Gaps, limit, out missing);
            if (IsClosed(theirs.Origin, theirs.Epoch)) return [];
            return new SequenceVector(theirs.Origin, theirs.Epoch).Lacks(theirs.Highest, theirs.Gaps, limit, out missing);
        }
    }

    /// <summary>Hands what changed since the last time to the archive. Called after the frames themselves were appended.</summary>
    public void Save(IFrameArchive archive)
    {
        List<SequenceKnowledge> changed = [];
        lock (_lock)
        {
            foreach ((string origin, string epoch) in _unsaved)
            {
                if (Find(origin, epoch) is { } vector) changed.Add(vector.Snapshot());
            }

            _unsaved.Clear();
        }

        foreach (SequenceKnowledge knowledge in changed) archive.Remember(knowledge);
    }

    /// <summary>The place of a vector in a paged list.</summary>
    public static string Place(string origin, string epoch) => $"{origin}/{epoch}";

    internal static int BucketOf(string origin) => Convert.ToInt32(origin[..1], 16);

    private static bool Contains(IReadOnlyList<int> buckets, int bucket)
    {
        for (int i = 0; i < buckets.Count; i++)
        {
            if (buckets[i] == bucket) return true;
        }

        return false;
    }

    private List<string> SortedOrigins()
    {
        var origins = new List<string>(_origins.Keys);
        origins.Sort(StringComparer.Ordinal);
        return origins;
    }

    private byte[] HashOf(int bucket)
    {
        var parts = new List<ReadOnlyMemory<byte>>();
        foreach (string origin in SortedOrigins())
        {
            if (BucketOf(origin) != bucket) continue;
            foreach (SequenceVector vector in _origins[origin]) parts.Add(vector.Hash());
        }

        return SHA256.HashData(DomainSeparation.Bytes(DomainSeparation.SyncBucket, [.. parts]));
    }

    private void Changed(SequenceVector vector)
    {
        _bucketHashes[BucketOf(vector.Origin)] = null;
        _unsaved.Add((vector.Origin, vector.Epoch));
    }

    private SequenceVector? Find(string origin, string epoch) =>
        _origins.TryGetValue(origin, out List<SequenceVector>? epochs) ? epochs.Find(v => v.Epoch == epoch) : null;

    // A life older than all that are kept, of an origin with as many as are kept ([X-29]).
    private bool IsClosed(string origin, string epoch) =>
        _origins.TryGetValue(origin, out List<SequenceVector>? epochs) && epochs.Count == MaxEpochs && string.CompareOrdinal(epoch, epochs[0].Epoch) < 0;

    private (List<SequenceVector> Epochs, int At)? VectorFor(string origin, string epoch, out bool closed)
    {
        closed = false;
        if (!_origins.TryGetValue(origin, out List<SequenceVector>? epochs))
        {
            if (_origins.Count >= MaxOrigins) return null;
            _origins[origin] = epochs = [];
        }

        int at = epochs.FindIndex(v => string.CompareOrdinal(v.Epoch, epoch) >= 0);
        if (at >= 0 && epochs[at].Epoch == epoch) return (epochs, at);
        if (epochs.Count == MaxEpochs)
        {
            if (at == 0)
            {
                closed = true;
                return null;
            }

            _unsaved.Remove((origin, epochs[0].Epoch));
            epochs.RemoveAt(0);
            if (at > 0) at--;
        }

        if (at < 0) at = epochs.Count;
        epochs.Insert(at, new SequenceVector(origin, epoch));
        _bucketHashes[BucketOf(origin)] = null;
        return (epochs, at);
    }
}
