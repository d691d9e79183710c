namespace ClawMesh.Edge.Journal.Frames;

/// <summary>What waits for the disk, oldest first within each class. Used under the queue's lock.</summary>
internal sealed class WaitingLists
{
    private readonly LinkedList<WaitingFrame>[] _lists = [new(), new(), new()];

    public int Count { get; private set; }

    public long Bytes { get; private set; }

    /// <summary>How many of them somebody waits for.</summary>
    public int Urgent { get; private set; }

    /// <summary>The order of the oldest.</summary>
    public long NextOrder => Math.Min(Math.Min(Order(0), Order(1)), Order(2));

    public static int ClassOf(WaitingFrame waiting) => (int)Shelf.ClassOf(Shelf.Of(waiting.Frame));

    public void Add(WaitingFrame waiting) => Placed(waiting, _lists[ClassOf(waiting)].AddLast(waiting));

    /// <summary>Puts one back where it was.</summary>
    public void PutBack(WaitingFrame waiting)
    {
        LinkedList<WaitingFrame> list = _lists[ClassOf(waiting)];
        LinkedListNode<WaitingFrame>? next = list.First;
        while (next is not null && next.Value.Order < waiting.Order) next = next.Next;
        Placed(waiting, next is null ? list.AddLast(waiting) : list.AddBefore(next, waiting));
    }

    public void Remove(WaitingFrame waiting)
    {
        if (waiting.Place is null) return;
        _lists[ClassOf(waiting)].Remove(waiting.Place);
        waiting.Place = null;
        Count--;
        Bytes -= waiting.Frame.Utf8.Length;
        if (waiting.Written is not null) Urgent--;
    }

    /// <summary>The oldest of the lowest class.</summary>
    public WaitingFrame? Lowest()
    {
        foreach (LinkedList<WaitingFrame> list in _lists)
        {
            if (list.First is { } first) return first.Value;
        }

        return null;
    }

    public void TakeOldest(List<WaitingFrame> batch, int limit)
    {
        while (batch.Count < limit && Count > 0)
        {
            int oldest = Order(0) <= Order(1) ? 0 : 1;
            if (Order(2) < Order(oldest)) oldest = 2;
            WaitingFrame waiting = _lists[oldest].First!.Value;
            Remove(waiting);
            batch.Add(waiting);
        }
    }

    /// <summary>Takes what somebody waits for, the highest class first.</summary>
    public void TakeUrgent(List<WaitingFrame> batch, int limit)
    {
        for (int list = _lists.Length - 1; list >= 0 && Urgent > 0; list--)
        {
            LinkedListNode<WaitingFrame>? node = _lists[list].First;
            while (node is not null && batch.Count < limit)
            {
                WaitingFrame waiting = node.Value;
                node = node.Next;
                if (waiting.Written is null) continue;
                Remove(waiting);
                batch.Add(waiting);
            }
        }
    }

    /// <summary>Moves every row number up.</summary>
    public void Shift(long by)
    {
        foreach (LinkedList<WaitingFrame> list in _lists)
        {
            foreach (WaitingFrame waiting in list) waiting.Number += by;
        }
    }

    /// <summary>Nobody waits any more: moves who did to <paramref name="callbacks"/>.</summary>
    public void Disappoint(List<Action<bool>> callbacks)
    {
        foreach (LinkedList<WaitingFrame> list in _lists)
        {
            foreach (WaitingFrame waiting in list)
            {
                if (waiting.Written is { } written) callbacks.Add(written);
                waiting.Written = null;
            }
        }

        Urgent = 0;
    }

    private long Order(int list) => _lists[list].First?.Value.Order ?? long.MaxValue;

    private void Placed(WaitingFrame waiting, LinkedListNode<WaitingFrame> place)
    {
        waiting.Place = place;
        Count++;
        Bytes += waiting.Frame.Utf8.Length;
        if (waiting.Written is not null) Urgent++;
    }
}
