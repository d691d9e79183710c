using ClawMesh.Edge.Core.Storage;
using ClawMesh.Edge.Mesh.Handshake;
using ClawMesh.Edge.Mesh.Sessions;

namespace ClawMesh.Edge.Mesh.Sync;

/// <summary>
/// Gives up what nobody has any more ([X-30]): a gap that every connected Edge peer has disowned twice, ten minutes apart. A peer disowns a
/// number by its vectors, which do not have it, or when it is asked. One that has it and whose copy is not taken disowns nothing.
/// </summary>
internal sealed class LossBook(MeshNode mesh, SequenceBook book)
{
    // Gaps watched; further ones wait until these are closed or given up.
    private const int MaxGaps = 256;
    private const int Answers = 2;

    private static readonly TimeSpan Apart = TimeSpan.FromMinutes(10);
    private static readonly int[] AllBuckets = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Origin, string Epoch, SequenceRange Range), Dictionary<string, (int Count, long At)>> _gaps = [];

    /// <param name="claimed">What the peer still says it has.</param>
    public void RoundEnded(Session with, IReadOnlyDictionary<string, SequenceRanges> claimed)
    {
        lock (_lock)
        {
            var still = new HashSet<(string, string, SequenceRange)>();
            foreach (SequenceKnowledge vector in book.Vectors(AllBuckets, "", SequenceBook.MaxOrigins * SequenceBook.MaxEpochs))
            {
                if (vector.Origin == mesh.Self.Value) continue;
                foreach (SequenceRange gap in vector.Gaps)
                {
                    if (still.Count == MaxGaps) break;
                    if (claimed.TryGetValue(SequenceBook.Place(vector.Origin, vector.Epoch), out SequenceRanges? has) && has.Within(gap.First, gap.Last, 1).Count > 0) continue;
                    still.Add((vector.Origin, vector.Epoch, gap));
                }
            }

            foreach ((string Origin, string Epoch, SequenceRange Range) key in still) Note(key, with);
        }
    }

    private void Note((string Origin, string Epoch, SequenceRange Range) key, Session with)
    {
        if (_gaps.Count >= MaxGaps && !_gaps.ContainsKey(key)) _gaps.Clear();
        if (!_gaps.TryGetValue(key, out Dictionary<string, (int Count, long At)>? answers)) _gaps[key] = answers = new Dictionary<string, (int, long)>(StringComparer.Ordinal);
        string device = with.DeviceId.Value;
        (int count, long at) = answers.GetValueOrDefault(device);
        if (count > 0 && mesh.Time.GetElapsedTime(at) < Apart) return;
        answers[device] = (count + 1, mesh.Time.GetTimestamp());
        foreach (Session session in mesh.Sessions)
        {
            if (session.Facts.Has(EdgeFeatures.EdgeSync) && answers.GetValueOrDefault(session.DeviceId.Value).Count < Answers) return;
        }

        book.GiveUp(key.Origin, key.Epoch, key.Range);
        _gaps.Remove(key);
    }
}
