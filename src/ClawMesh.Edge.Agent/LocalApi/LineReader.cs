using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace ClawMesh.Edge.Agent.LocalApi;

/// <summary>Lines of UTF-8 from a stream, each at most 1 MiB ([W-9]). A longer one ends the conversation; nothing unbounded is buffered.</summary>
internal static class LineReader
{
    public const int MaxLineBytes = 1_048_576;

    public static async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(Stream stream, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        PipeReader reader = PipeReader.Create(stream, new StreamPipeReaderOptions(leaveOpen: true));
        try
        {
            while (true)
            {
                ReadResult result = await reader.ReadAsync(cancellationToken);
                ReadOnlySequence<byte> buffer = result.Buffer;
                while (buffer.PositionOf((byte)'\n') is { } end)
                {
                    ReadOnlySequence<byte> line = buffer.Slice(0, end);
                    buffer = buffer.Slice(buffer.GetPosition(1, end));
                    if (line.Length > MaxLineBytes) yield break;
                    if (line.Length > 0) yield return line.ToArray();
                }

                if (buffer.Length > MaxLineBytes || result.IsCompleted) yield break;
                reader.AdvanceTo(buffer.Start, buffer.End);
            }
        }
        finally
        {
            await reader.CompleteAsync();
        }
    }
}
