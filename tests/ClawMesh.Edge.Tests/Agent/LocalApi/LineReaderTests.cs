using System.Text;
using ClawMesh.Edge.Agent.LocalApi;

namespace ClawMesh.Edge.Tests.Agent.LocalApi;

public class LineReaderTests
{
    [Fact]
    public async Task Lines_come_whole_however_the_bytes_arrive_and_empty_ones_are_passed_over()
    {
        using var stream = new TrickleStream("first\n\nsecond line\nlast without end");

        List<string> lines = await ReadAsync(stream);

        Assert.Equal(["first", "second line"], lines);
    }

    [Fact]
    [Trait("spec", "W-9")]
    public async Task A_line_over_one_mebibyte_ends_the_conversation()
    {
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes("ok\n" + new string('x', LineReader.MaxLineBytes + 1) + "\nnever\n"));

        List<string> lines = await ReadAsync(stream);

        Assert.Equal(["ok"], lines);
    }

    [Fact]
    [Trait("spec", "W-9")]
    public async Task A_line_of_exactly_one_mebibyte_passes()
    {
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(new string('x', LineReader.MaxLineBytes) + "\n"));

        string line = Assert.Single(await ReadAsync(stream));

        Assert.Equal(LineReader.MaxLineBytes, line.Length);
    }

    private static async Task<List<string>> ReadAsync(Stream stream)
    {
        var lines = new List<string>();
        await foreach (ReadOnlyMemory<byte> line in LineReader.ReadAsync(stream, TestContext.Current.CancellationToken)) lines.Add(Encoding.UTF8.GetString(line.Span));
        return lines;
    }

    /// <summary>One byte at a time, as a slow sender would.</summary>
    private sealed class TrickleStream(string text) : MemoryStream(Encoding.UTF8.GetBytes(text))
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => base.ReadAsync(buffer[..Math.Min(1, buffer.Length)], cancellationToken);
    }
}
