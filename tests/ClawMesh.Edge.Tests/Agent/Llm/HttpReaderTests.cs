using System.Text;
using ClawMesh.Edge.Agent.Llm;

namespace ClawMesh.Edge.Tests.Agent.Llm;

/// <summary>What of HTTP/1.1 is taken, what is not, and that every part has a bound.</summary>
public class HttpReaderTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\n";

    // As one piece, and byte by byte: no boundary between two reads may matter.
    public static TheoryData<string, string> Bodies => new()
    {
        { $"{Ok}Content-Length: 5\r\n\r\nhelloGET", "hello" },
        { $"{Ok}content-length:0\r\n\r\n", "" },
        { $"{Ok}\r\nuntil the end", "until the end" },
        { $"HTTP/1.0 200\r\n\r\nold", "old" },
        { $"{Ok}Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", "hello" },
        { $"{Ok}Transfer-Encoding: Chunked\r\n\r\n00005;name=value\r\nhello\r\n0\r\nX-Trailer: yes\r\n\r\n", "hello" },
        { $"{Ok}Transfer-Encoding: chunked\r\n\r\n1\r\n\n\r\n0\r\n\r\n", "\n" },
        { $"HTTP/1.1 100 Continue\r\n\r\n{Ok}Content-Length: 2\r\n\r\nok", "ok" },
        { "HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nabc", "" },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task A_body_is_read_whole_whatever_its_framing_and_however_it_arrives(string response, string body)
    {
        foreach (int step in (int[])[1, 2, 7, 100_000])
        {
            var reader = Reader(response, step);
            await reader.ReadHeadAsync(TestContext.Current.CancellationToken);
            Assert.Equal(body, Encoding.UTF8.GetString(await reader.ReadAllAsync(TestContext.Current.CancellationToken)));
        }
    }

    public static TheoryData<string, string> Refused => new()
    {
        { "", "before the end of its answer's head" },
        { "HTTP/1.1 200 OK\r\nContent-Le", "before the end of its answer's head" },
        { "HTTP/2 200\r\n\r\n", "HTTP/1.1" },
        { "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1" },
        { "HTTP/1.1 +20 OK\r\n\r\n", "HTTP/1.1" },
        { "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1" },
        { "HTTP/1.1 101 Switching\r\n\r\n", "HTTP/1.1" },
        { "SSH-2.0-OpenSSH\r\n", "HTTP/1.1" },
        { "HTTP/1.1 200 OK\nContent-Length: 1\n\nx", "does not end as HTTP" },
        { $"{Ok}No colon\r\n\r\n", "malformed" },
        { $"{Ok}A: b\r\n folded\r\n\r\n", "malformed" },
        { $"{Ok}Content-Length : 5\r\n\r\nhello", "malformed" },
        { $"{Ok}A: \u0001\r\n\r\n", "control character" },
        { $"{Ok}A: b\rc\r\n\r\n", "control character" },
        { $"{Ok}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", "two lengths" },
        { $"{Ok}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello", "a length and chunks" },
        { $"{Ok}Content-Length: -1\r\n\r\n", "no number" },
        { $"{Ok}Content-Length: 0x5\r\n\r\nhello", "no number" },
        { $"{Ok}Content-Length: 99999999999999999999\r\n\r\n", "no number" },
        { $"{Ok}Transfer-Encoding: gzip, chunked\r\n\r\n", "other than chunked" },
        { $"{Ok}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", "other than chunked" },
        { $"{Ok}Content-Encoding: gzip\r\n\r\n", "compressed" },
        { $"{Ok}Content-Length: 6\r\n\r\nhello", "in the middle" },
        { $"{Ok}Transfer-Encoding: chunked\r\n\r\n5\r\nhel", "in the middle" },
        { $"{Ok}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "before the end" },
        { $"{Ok}Transfer-Encoding: chunked\r\n\r\n5\r\nhello!\r\n0\r\n\r\n", "does not end|longer than it says" },
        { $"{Ok}Transfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n0\r\n\r\n", "longer than it says" },
        { $"{Ok}Transfer-Encoding: chunked\r\n\r\n\r\nhello\r\n", "no size" },
        { $"{Ok}Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n", "no size" },
        { $"{Ok}Transfer-Encoding: chunked\r\n\r\nffffffffff\r\nhello\r\n", "no size" },
        { $"{Ok}Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n", "does not end" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task What_is_no_clean_response_is_refused(string response, string why)
    {
        foreach (int step in (int[])[1, 100_000])
        {
            var reader = Reader(response, step);
            ModelServerException refused = await Assert.ThrowsAsync<ModelServerException>(async () =>
            {
                await reader.ReadHeadAsync(TestContext.Current.CancellationToken);
                await reader.ReadAllAsync(TestContext.Current.CancellationToken);
            });
            Assert.Contains(why.Split('|'), w => refused.Message.Contains(w, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_head_of_16_KiB_is_read_and_a_byte_more_is_not()
    {
        string frame = $"{Ok}X: \r\n\r\n";
        string fits = $"{Ok}X: {new string('a', HttpReader.MaxHeadBytes - frame.Length)}\r\n\r\n";
        await Reader(fits).ReadHeadAsync(TestContext.Current.CancellationToken);

        await RefusedAsync(fits.Replace("X: ", "X: a", StringComparison.Ordinal), r => r.ReadHeadAsync(TestContext.Current.CancellationToken).AsTask(), "too long");
        await RefusedAsync(Ok + string.Concat(Enumerable.Repeat("A: b\r\n", 10_000)), r => r.ReadHeadAsync(TestContext.Current.CancellationToken).AsTask(), "too long");
        await RefusedAsync(string.Concat(Enumerable.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 10)), r => r.ReadHeadAsync(TestContext.Current.CancellationToken).AsTask(), "interim");
    }

    [Fact]
    public async Task A_line_of_64_KiB_is_read_and_a_byte_more_is_not()
    {
        var reader = Reader($"{Ok}\r\n{new string('x', HttpReader.MaxLineBytes)}\n");
        await reader.ReadHeadAsync(TestContext.Current.CancellationToken);
        Assert.Equal(HttpReader.MaxLineBytes, (await reader.ReadLineAsync(TestContext.Current.CancellationToken))!.Value.Length);

        await RefusedAsync($"{Ok}\r\n{new string('x', HttpReader.MaxLineBytes + 1)}\n", async r =>
        {
            await r.ReadHeadAsync(TestContext.Current.CancellationToken);
            await r.ReadLineAsync(TestContext.Current.CancellationToken);
        }, "a line");
    }

    [Fact]
    public async Task A_body_has_a_bound_whatever_its_framing_says()
    {
        foreach (string response in (string[])[$"{Ok}Content-Length: 101\r\n\r\n", $"{Ok}\r\n", $"{Ok}Transfer-Encoding: chunked\r\n\r\n65\r\n"])
        {
            await RefusedAsync(response + new string('x', 101), async r =>
            {
                await r.ReadHeadAsync(TestContext.Current.CancellationToken);
                await r.ReadAllAsync(TestContext.Current.CancellationToken);
            }, "more than 100 bytes", maxBody: 100);
        }

        // Chunk extensions and trailers have bounds of their own.
        await RefusedAsync($"{Ok}Transfer-Encoding: chunked\r\n\r\n1;{new string('x', 300)}\r\n", async r =>
        {
            await r.ReadHeadAsync(TestContext.Current.CancellationToken);
            await r.ReadAllAsync(TestContext.Current.CancellationToken);
        }, "too long");
        await RefusedAsync($"{Ok}Transfer-Encoding: chunked\r\n\r\n0\r\n{string.Concat(Enumerable.Repeat("A: b\r\n", 10_000))}", async r =>
        {
            await r.ReadHeadAsync(TestContext.Current.CancellationToken);
            await r.ReadAllAsync(TestContext.Current.CancellationToken);
        }, "too long");
    }

    [Fact]
    public async Task Lines_end_in_LF_or_CR_LF_across_chunks_and_the_last_may_have_no_end()
    {
        string body = "data: one\r\n\ndata: two\n: comment\ntail";
        string chunked = string.Concat(body.Select(c => $"1\r\n{c}\r\n"));
        var reader = Reader($"{Ok}Content-Type: Text/Event-Stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n{chunked}0\r\n\r\n", step: 3);
        await reader.ReadHeadAsync(TestContext.Current.CancellationToken);

        var lines = new List<string>();
        while (await reader.ReadLineAsync(TestContext.Current.CancellationToken) is { } line) lines.Add(Encoding.UTF8.GetString(line.Span));

        Assert.Equal(["data: one", "", "data: two", ": comment", "tail"], lines);
        Assert.Equal("text/event-stream", reader.ContentType);
        Assert.Null(await reader.ReadLineAsync(TestContext.Current.CancellationToken));
    }

    private static async Task RefusedAsync(string response, Func<HttpReader, Task> read, string why, long maxBody = 1_000_000)
    {
        ModelServerException refused = await Assert.ThrowsAsync<ModelServerException>(() => read(Reader(response, 4_096, maxBody)));
        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
    }

    private static HttpReader Reader(string response, int step = 4_096, long maxBody = 1_000_000) => new(new Drip(Encoding.UTF8.GetBytes(response), step), maxBody);

    /// <summary>Gives a few bytes at a time.</summary>
    private sealed class Drip(byte[] bytes, int step) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(step, buffer.Length)], cancellationToken);
    }
}
