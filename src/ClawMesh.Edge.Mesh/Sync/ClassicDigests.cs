using ClawMesh.Edge.Core.Storage;

namespace ClawMesh.Edge.Mesh.Sync;

/// <summary>Digests by time of frames that bear no number ([X-31]).</summary>
internal static class ClassicDigests
{
    /// <summary>A window ends at least this long ago, so that what is on its way has arrived.</summary>
    public const long SettleMs = 10_000;

    /// <summary>The asking side's clock may be ahead by as much as a handshake allows.</summary>
    public const long ClockSlackMs = 300_000;

    /// <summary>One digest for each step of [from, to).</summary>
    public static List<string> Of(IFrameArchive archive, long from, long to, long step)
    {
        var digests = new List<string>();
        IReadOnlyList<ClassicFrameId> ids = archive.Classic(from, to);
        int at = 0;
        for (long begin = from; begin < to; begin += step)
        {
            var hashes = new List<string>();
            while (at < ids.Count && ids[at].TimestampMs < begin + step) hashes.Add(ids[at++].IdHash);
            digests.Add(SyncWords.WindowDigest(hashes));
        }

        return digests;
    }
}
