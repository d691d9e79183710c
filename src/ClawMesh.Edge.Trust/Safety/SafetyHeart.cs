using ClawMesh.Edge.Core.Lifecycle;

namespace ClawMesh.Edge.Trust.Safety;

/// <summary>
/// Tells the watchdogs that the safety tick lives. Fed by the tick itself: a timer of its own would go on beating for a node whose
/// tick has died. Allocates nothing.
/// </summary>
internal sealed class SafetyHeart
{
    private readonly IHeartbeat[] _listeners;
    private readonly long[] _last;
    private readonly Func<bool> _laneIsBlocked;
    private readonly bool _withholdWhenBlocked;
    private readonly TimeProvider _time;

    /// <param name="laneIsBlocked">A safe write has been owed for too long on some bus.</param>
    /// <param name="withholdWhenBlocked">Then say nothing, so that the watchdog restarts the node or the machine.</param>
    public SafetyHeart(IReadOnlyList<IHeartbeat> listeners, Func<bool> laneIsBlocked, bool withholdWhenBlocked, TimeProvider time)
    {
        (_listeners, _laneIsBlocked, _withholdWhenBlocked, _time) = ([.. listeners], laneIsBlocked, withholdWhenBlocked, time);
        _last = new long[_listeners.Length];
        long now = time.GetTimestamp();
        Array.Fill(_last, now);
    }

    /// <summary>After each tick, on its thread.</summary>
    public void AfterTick()
    {
        long now = _time.GetTimestamp();
        for (int i = 0; i < _listeners.Length; i++)
        {
            if (_time.GetElapsedTime(_last[i], now) < _listeners[i].Every) continue;
            if (_withholdWhenBlocked && _laneIsBlocked()) continue;
            _last[i] = now;
            Beat(_listeners[i]);
        }
    }

    private static void Beat(IHeartbeat listener)
    {
        try
        {
            listener.Beat();
        }
        catch (Exception)
        {
            // It promises not to. A watchdog that hears nothing acts; a tick that ends helps nobody.
        }
    }
}
