using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Mesh.Gossip;
using ClawMesh.Edge.Mesh.Origin;
using ClawMesh.Edge.Mesh.Transport;
using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>
/// Brings the frames of this node and of the mesh to the twin. It follows the log of
/// the mesh at its own pace instead of being called by it, so that nothing here can slow the hub or fail in it: in a flood the latest
/// frames and the current value of every key are enough.
/// </summary>
/// <param name="look">What else is done once a second.</param>
internal sealed class TwinFeed(TwinWriter twin, WorldStore store, NodeId self, Action look, IEventSink events, TimeProvider time)
{
    /// <summary>Frames looked at each time.</summary>
    private const int MaxFrames = 1_000;

    private const int RoundsPerLook = 10;

    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(100);

    private readonly List<MeshFrame> _heard = [];
    private readonly TokenBucket _faultsTold = new(time, 0.02, 5);
    private long _place;
    private bool _missed;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        // Whoever starts the loops waits for none of them.
        await Task.Yield();
        using var timer = new PeriodicTimer(Pace, time);
        try
        {
            for (int round = 0; await timer.WaitForNextTickAsync(cancellationToken); round = (round + 1) % RoundsPerLook)
            {
                Guard(Follow);
                if (round == 0) Guard(Look);
            }
        }
        catch (OperationCanceledException)
        {
            return;
        }
    }

    /// <summary>Folds what came since the last time.</summary>
    internal void Follow()
    {
        _heard.Clear();
        _place = store.Follow(_place, _heard, MaxFrames, out long missed);
        _missed |= missed > 0;
        foreach (MeshFrame frame in _heard) Fold(frame);
    }

    /// <summary>Once a second: what was missed, what the node sees by itself, ages, anomalies.</summary>
    internal void Look()
    {
        if (_missed)
        {
            _missed = false;
            foreach (MeshFrame frame in store.Current()) Fold(frame);
        }

        twin.Age();
        look();
    }

    private void Fold(MeshFrame frame)
    {
        // What an earlier life of its origin said is no picture of now ([X-22]).
        if (frame.IsHistory) return;
        string? hlc = frame.Standing is FrameStanding.Own or FrameStanding.Verified ? frame.Stamp?.Hlc : null;
        twin.Fold(frame.Utf8, frame.EffectiveTier, frame.SourceDeviceId == self.Value, hlc);
    }

    // A bug in the picture must not take the outputs' node with it.
    private void Guard(Action step)
    {
        try
        {
            step();
        }
        catch (Exception bug)
        {
            if (_faultsTold.TryTake())
                events.Publish(new EdgeEvent(0, default, EventTypes.Error, EventSeverity.Error, "twin", $"The twin could not be updated: {bug.GetType().Name}, {bug.Message}", FailureClass.Infra));
        }
    }
}
