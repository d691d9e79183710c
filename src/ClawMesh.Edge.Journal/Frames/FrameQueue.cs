using ClawMesh.Edge.Core.Storage;

namespace ClawMesh.Edge.Journal.Frames;

/// <summary>Frames and knowledge on their way to the disk, and the counters of the archive. Thread-safe; calls nobody back under its lock.</summary>
internal sealed class FrameQueue
{
    /// <summary>Bounded, the oldest of the lowest class dropped first: while the disk is away the newest state is worth more than its history.</summary>
    public const int Capacity = 4096;

    /// <summary>Frames of peers may be long; this much memory is what a missing disk may cost.</summary>
    public const long MaxBytes = 16 << 20;

    /// <summary>[X-29]: 256 origins with 4 epochs each. What is new beyond that is not remembered.</summary>
    private const int MaxKnowledge = KnowledgeTable.MaxOrigins * KnowledgeTable.MaxEpochs;

    // A batch that fails twice is given up: one frame the disk refuses must not make the journal unavailable again and again.
    private const int MaxAttempts = 2;

    private readonly Lock _lock = new();
    private readonly WaitingLists _waiting = new();
    private readonly Dictionary<(string Origin, string FrameId), WaitingFrame> _byId = [];
    private readonly Dictionary<(string Origin, string Epoch), WaitingKnowledge> _knowledge = [];
    private readonly List<(string Origin, long Until)> _forgotten = [];

    // As many as there are callers that wait for a frame; the writer tells them as soon as it is awake.
    private List<Action<bool>> _refused = [];
    private FrameBatch? _inFlight;
    private FrameTotals _totals;
    private long _order;
    private long _number;
    private long _lastNumber;
    private long _appended;
    private long _dropped;
    private long _pruned;
    private bool _anchored;
    private bool _closed;

    public bool Waits
    {
        get
        {
            lock (_lock) return _waiting.Count > 0 || _knowledge.Count > 0;
        }
    }

    /// <summary>Somebody waits for a frame, or is still to be told that it was dropped.</summary>
    public bool UrgentWaits
    {
        get
        {
            lock (_lock) return _waiting.Urgent > 0 || _refused.Count > 0;
        }
    }

    public FrameArchiveCounters Counters
    {
        get
        {
            lock (_lock) return new FrameArchiveCounters(_totals.Stored, _totals.Bytes, _appended, _dropped, _pruned);
        }
    }

    public long LastNumber
    {
        get
        {
            lock (_lock) return _lastNumber;
        }
    }

    /// <returns>False when the queue is closed: nobody will call <paramref name="written"/>.</returns>
    public bool Add(ArchivedFrame frame, Action<bool>? written, bool replaces)
    {
        lock (_lock)
        {
            if (_closed)
            {
                _dropped++;
                return false;
            }

            bool known = _byId.TryGetValue((frame.Origin, frame.FrameId), out WaitingFrame? there);
            if (known && !replaces && written is null) return true;
            if (known && replaces && there!.Place is not null)
            {
                written = there.Written;
                Remove(there);
            }

            var waiting = new WaitingFrame(frame, known && replaces ? there!.Number : ++_number, ++_order, replaces, written);
            if (!MakeRoom(waiting)) return true;
            _waiting.Add(waiting);

            // A second wish for a waiting frame only asks for haste; reads find the first.
            if (replaces || !known) _byId[waiting.Id] = waiting;
            _lastNumber = Math.Max(_lastNumber, waiting.Number);
            return true;
        }
    }

    public void Remember(SequenceKnowledge knowledge)
    {
        lock (_lock)
        {
            (string, string) key = (knowledge.Origin, knowledge.Epoch);
            if (_closed || (_knowledge.Count >= MaxKnowledge && !_knowledge.ContainsKey(key))) return;
            _knowledge[key] = new WaitingKnowledge(knowledge, _order, _number);
        }
    }

    /// <summary>Takes out what one transaction writes; it is then either <see cref="Wrote"/> or <see cref="Failed"/>.</summary>
    /// <param name="urgentOnly">Only frames somebody waits for, the highest class first.</param>
    public FrameBatch Take(int limit, bool urgentOnly)
    {
        lock (_lock)
        {
            var batch = new FrameBatch();
            if (urgentOnly) _waiting.TakeUrgent(batch.Frames, limit);
            else _waiting.TakeOldest(batch.Frames, limit);

            long next = _waiting.NextOrder;
            foreach (WaitingKnowledge waiting in _knowledge.Values)
            {
                if (waiting.After < next && batch.Knowledge.Count < limit) batch.Knowledge.Add(waiting);
            }

            foreach (WaitingKnowledge taken in batch.Knowledge) _knowledge.Remove((taken.Knowledge.Origin, taken.Knowledge.Epoch));
            _inFlight = batch;
            return batch;
        }
    }

    public void Wrote(FrameBatch batch, FrameBatchResult result, FrameTotals totals)
    {
        lock (_lock)
        {
            _inFlight = null;
            _totals = totals;
            _appended += result.Written;
            _pruned += result.Pruned;
            foreach (WaitingFrame waiting in batch.Frames) Unlist(waiting);
        }

        foreach (WaitingFrame waiting in batch.Frames) Tell(waiting.Written, waiting.IsKept);
        TellRefused();
    }

    /// <summary>Nothing of the batch is on disk, as far as is known. Who waits hears of it; the frames get one more chance.</summary>
    public void Failed(FrameBatch batch)
    {
        lock (_lock)
        {
            _inFlight = null;
            for (int i = batch.Frames.Count - 1; i >= 0; i--)
            {
                WaitingFrame waiting = batch.Frames[i];
                if (waiting.Written is { } written) _refused.Add(written);
                waiting.Written = null;
                bool superseded = !_byId.TryGetValue(waiting.Id, out WaitingFrame? current) || current != waiting;
                if (!superseded && ++waiting.Attempts < MaxAttempts && _waiting.Count < Capacity)
                {
                    _waiting.PutBack(waiting);
                    continue;
                }

                Unlist(waiting);
                if (!superseded) _dropped++;
            }

            foreach (WaitingKnowledge waiting in batch.Knowledge) _knowledge.TryAdd((waiting.Knowledge.Origin, waiting.Knowledge.Epoch), waiting);
        }

        TellRefused();
    }

    /// <summary>Tells everyone who waits that their frames are not durable; the frames stay, for reads and for a disk that comes back.</summary>
    public void Refuse()
    {
        lock (_lock) _waiting.Disappoint(_refused);
        TellRefused();
    }

    /// <summary>Takes no more. What still waits is lost.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _closed = true;
            _dropped += _waiting.Count;
        }

        Refuse();
    }

    /// <summary>What an opened store holds already.</summary>
    public void Found(FrameTotals totals, long lastNumber)
    {
        lock (_lock)
        {
            _totals = totals;
            if (!_anchored || lastNumber > _number)
            {
                // Frames that a crash kept from the disk may have been told to peers under their numbers; those are not given again.
                long shift = lastNumber == 0 ? 0 : lastNumber + Capacity;
                _waiting.Shift(shift);
                foreach (((string, string) key, WaitingKnowledge waiting) in new List<KeyValuePair<(string, string), WaitingKnowledge>>(_knowledge))
                    _knowledge[key] = waiting with { Noted = waiting.Noted + shift };
                for (int i = 0; i < _forgotten.Count; i++) _forgotten[i] = (_forgotten[i].Origin, _forgotten[i].Until + shift);
                _number += shift;
                _lastNumber = _byId.Count > 0 ? _number : lastNumber;
                _anchored = true;
            }
        }
    }

    public void Counted(FrameTotals totals)
    {
        lock (_lock) _totals = totals;
    }

    /// <summary>Removes what waits of an origin, and says which rows are older than this moment. On the writer's thread, between batches.</summary>
    public long Forget(string origin)
    {
        lock (_lock)
        {
            foreach (WaitingFrame waiting in Select(frame => frame.Origin == origin))
            {
                if (waiting.Written is { } written) _refused.Add(written);
                Remove(waiting);
            }

            foreach ((string Origin, string Epoch) key in new List<(string, string)>(_knowledge.Keys))
            {
                if (key.Origin == origin) _knowledge.Remove(key);
            }

            return _number;
        }
    }

    /// <summary>Keeps a wish to forget until the disk is back. A node has few identities; more than a handful of wishes is a mistake.</summary>
    public void ForgetLater(string origin, long until)
    {
        lock (_lock)
        {
            if (_forgotten.Count < 64) _forgotten.Add((origin, until));
        }
    }

    public bool TryTakeForgotten(out (string Origin, long Until) forgotten)
    {
        lock (_lock)
        {
            forgotten = _forgotten.Count > 0 ? _forgotten[0] : default;
            if (_forgotten.Count == 0) return false;
            _forgotten.RemoveAt(0);
            return true;
        }
    }

    /// <summary>The waiting frames that <paramref name="wanted"/> accepts, those of a running transaction included, in no order.</summary>
    public List<WaitingFrame> Select(Func<ArchivedFrame, bool> wanted)
    {
        var found = new List<WaitingFrame>();
        lock (_lock)
        {
            foreach (WaitingFrame waiting in _byId.Values)
            {
                if (wanted(waiting.Frame)) found.Add(waiting);
            }
        }

        return found;
    }

    /// <summary>Those that take the place of a frame without epoch, which therefore counts as gone.</summary>
    public List<WaitingFrame> SelectReplacing()
    {
        var found = new List<WaitingFrame>();
        lock (_lock)
        {
            foreach (WaitingFrame waiting in _byId.Values)
            {
                if (waiting.Replaces) found.Add(waiting);
            }
        }

        return found;
    }

    public List<SequenceKnowledge> Knowledge()
    {
        var found = new List<SequenceKnowledge>();
        lock (_lock)
        {
            if (_inFlight is { } batch)
            {
                foreach (WaitingKnowledge waiting in batch.Knowledge)
                {
                    if (!_knowledge.ContainsKey((waiting.Knowledge.Origin, waiting.Knowledge.Epoch))) found.Add(waiting.Knowledge);
                }
            }

            foreach (WaitingKnowledge waiting in _knowledge.Values) found.Add(waiting.Knowledge);
        }

        return found;
    }

    /// <summary>Tells those whose frames were dropped. On the writer's thread.</summary>
    public void TellRefused()
    {
        List<Action<bool>> refused;
        lock (_lock)
        {
            if (_refused.Count == 0) return;
            (refused, _refused) = (_refused, []);
        }

        foreach (Action<bool> written in refused) Tell(written, false);
    }

    /// <summary>Drops until there is room; false when everything that waits is of a higher class, and the newcomer is dropped.</summary>
    private bool MakeRoom(WaitingFrame newcomer)
    {
        while (_waiting.Count >= Capacity || _waiting.Bytes + newcomer.Frame.Utf8.Length > MaxBytes)
        {
            if (_waiting.Lowest() is not { } loser) return true;
            if (WaitingLists.ClassOf(loser) > WaitingLists.ClassOf(newcomer)) loser = newcomer;
            _dropped++;
            if (loser.Written is { } written) _refused.Add(written);
            if (loser == newcomer) return false;
            Remove(loser);
        }

        return true;
    }

    private void Remove(WaitingFrame waiting)
    {
        _waiting.Remove(waiting);
        Unlist(waiting);
    }

    private void Unlist(WaitingFrame waiting)
    {
        if (_byId.TryGetValue(waiting.Id, out WaitingFrame? current) && current == waiting) _byId.Remove(waiting.Id);
    }

    private static void Tell(Action<bool>? written, bool kept)
    {
        try
        {
            written?.Invoke(kept);
        }
        catch (Exception)
        {
            // Whatever a listener does wrong is its own affair: every permit waits for the thread that this runs on.
        }
    }
}
