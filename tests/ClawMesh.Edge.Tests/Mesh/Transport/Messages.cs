using System.Buffers.Binary;
using ClawMesh.Edge.Mesh.Transport;

namespace ClawMesh.Edge.Tests.Mesh.Transport;

/// <summary>Messages that carry their number in the first eight bytes, so that a test can tell which one left.</summary>
internal static class Messages
{
    public static OutboundMessage Safety(long number = 0, int bytes = 8, string? key = null) => Of(MessageClass.Safety, number, bytes, key);

    public static OutboundMessage Control(long number = 0, int bytes = 8) => Of(MessageClass.Control, number, bytes, null);

    public static OutboundMessage Bulk(long number = 0, string? key = null, int bytes = 8) => Of(MessageClass.Bulk, number, bytes, key);

    public static OutboundMessage Of(MessageClass messageClass, long number, int bytes, string? key)
    {
        var utf8 = new byte[bytes];
        if (bytes >= 8) BinaryPrimitives.WriteInt64LittleEndian(utf8, number);
        return new OutboundMessage(messageClass, utf8, key);
    }

    public static long Number(this OutboundMessage message) => BinaryPrimitives.ReadInt64LittleEndian(message.Utf8.Span);

    /// <summary>Everything that may leave now, in order.</summary>
    public static List<OutboundMessage> TakeAll(this SendQueue queue)
    {
        var taken = new List<OutboundMessage>();
        while (queue.TryTake(out OutboundMessage? message, out _)) taken.Add(message);
        return taken;
    }

    public static long[] TakeNumbers(this SendQueue queue) => [.. queue.TakeAll().Select(Number)];
}
