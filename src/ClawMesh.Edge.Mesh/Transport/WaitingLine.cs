using System.Diagnostics;

namespace ClawMesh.Edge.Mesh.Transport;

/// <summary>One place in a line of waiting messages. The slot of a key outlives its messages, to remember when it was sent.</summary>
internal sealed class SendSlot(string? key)
{
    public string? Key => key;

    /// <summary>Null while a key waits for nothing.</summary>
    public OutboundMessage? Message { get; set; }

    /// <summary>Place among all bulk messages of the link, ascending.</summary>
    public long Order { get; set; }

    /// <summary>Timestamp at which the place was taken.</summary>
    public long Since { get; set; }

    /// <summary>Timestamp at which this key was last added.</summary>
    public long SeenAt { get; set; }

    /// <summary>Timestamp at which this key was last sent; null if never.</summary>
    public long? SentAt { get; set; }

    public WaitingLine? Line { get; set; }

    public SendSlot? Previous { get; set; }

    public SendSlot? Next { get; set; }
}

/// <summary>A first-in, first-out line that can be left from anywhere. Not thread-safe; its owner bounds it.</summary>
internal sealed class WaitingLine
{
    public SendSlot? First { get; private set; }

    public SendSlot? Last { get; private set; }

    public int Count { get; private set; }

    public void Add(SendSlot slot)
    {
        Debug.Assert(slot.Line is null, "A slot stands in one line at a time.");
        slot.Line = this;
        slot.Previous = Last;
        if (Last is null) First = slot;
        else Last.Next = slot;
        Last = slot;
        Count++;
    }

    public void Remove(SendSlot slot)
    {
        Debug.Assert(slot.Line == this, "A slot leaves the line it stands in.");
        if (slot.Previous is null) First = slot.Next;
        else slot.Previous.Next = slot.Next;
        if (slot.Next is null) Last = slot.Previous;
        else slot.Next.Previous = slot.Previous;
        slot.Line = null;
        slot.Previous = null;
        slot.Next = null;
        Count--;
    }
}
