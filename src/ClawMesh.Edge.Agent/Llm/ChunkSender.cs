using System.Text;
using ClawMesh.Edge.Core.Rpc;

namespace ClawMesh.Edge.Agent.Llm;

/// <summary>
/// Sends the text of one inference as <c>llm.chunk</c> events, numbered from 0 without gaps. While something waits on the connection,
/// text is gathered: a slow line gets few long chunks instead of many short ones.
/// </summary>
internal sealed class ChunkSender(string requestId, IRpcEvents events, CancellationToken cancellationToken)
{
    /// <summary>Of UTF-8 ([W-144]).</summary>
    public const int MaxDeltaBytes = 8 * 1024;

    private readonly StringBuilder _gathered = new();
    private long _sequence;

    public ValueTask AddAsync(string text)
    {
        _gathered.Append(text);
        // No character is shorter in UTF-8 than in UTF-16 units.
        return _gathered.Length >= MaxDeltaBytes || events.WaitingBytes == 0 ? FlushAsync() : ValueTask.CompletedTask;
    }

    /// <exception cref="RpcRefusalException"><c>LLM_BACKPRESSURE</c>.</exception>
    public async ValueTask FlushAsync()
    {
        string text = _gathered.ToString();
        _gathered.Clear();
        for (int start = 0; start < text.Length;)
        {
            int end = Cut(text, start);
            string delta = text[start..end];
            long sequence = _sequence++;
            bool taken = await events.SendAsync(
                "llm.chunk",
                w =>
                {
                    w.WriteString("requestId", requestId);
                    w.WriteNumber("seq", sequence);
                    w.WriteString("delta", delta);
                },
                cancellationToken);
            if (!taken) throw new RpcRefusalException(LlmErrorCodes.Backpressure, "the requester does not read as fast as the model writes");
            start = end;
        }
    }

    /// <summary>The end of the longest piece from <paramref name="start"/> on that fits and does not part a character.</summary>
    internal static int Cut(string text, int start)
    {
        int bytes = 0, end = start;
        while (end < text.Length)
        {
            Rune.DecodeFromUtf16(text.AsSpan(end), out Rune rune, out int units);
            if (bytes + rune.Utf8SequenceLength > MaxDeltaBytes) break;
            bytes += rune.Utf8SequenceLength;
            end += units;
        }

        return end;
    }
}
