using ClawMesh.Edge.Core.Frames;

namespace ClawMesh.Edge.Core.Storage;

/// <summary>The durable, bounded store of context frames. Appends may be grouped for up to 1 s ([X-77]).</summary>
public interface IFrameStore
{
    /// <summary>Queues a frame. Never blocks; when the queue is full the oldest waiting frame is dropped and counted.</summary>
    void Append(ContextFrame frame);

    /// <summary>The newest frames, newest first.</summary>
    Task<IReadOnlyList<ContextFrame>> NewestAsync(int limit, CancellationToken cancellationToken);

    FrameStoreCounters Counters { get; }
}

/// <param name="Stored">Rows now in the store.</param>
/// <param name="Bytes">Bytes of frame text now in the store.</param>
/// <param name="Appended">Frames written in this process life.</param>
/// <param name="Dropped">Frames lost to a full queue or an unavailable disk in this process life.</param>
/// <param name="Pruned">Frames removed to stay inside the bounds in this process life.</param>
public readonly record struct FrameStoreCounters(long Stored, long Bytes, long Appended, long Dropped, long Pruned);
