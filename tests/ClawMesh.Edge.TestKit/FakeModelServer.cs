using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ClawMesh.Edge.TestKit;

/// <summary>An OpenAI-compatible server on loopback that answers as a test scripts it: in order, slowly, wrongly, or not at all.</summary>
public sealed class FakeModelServer : IAsyncDisposable
{
    public const string Model = "tiny-1b";

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<Task> _running = [];
    private readonly Task _accepting;

    public FakeModelServer()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string Url => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/v1";

    /// <summary>Every request that came, oldest first.</summary>
    public ConcurrentQueue<FakeExchange> Requests { get; } = new();

    /// <summary>The answer to <c>GET /v1/models</c>.</summary>
    public Func<FakeExchange, Task> Models { get; set; } = e => e.AnswerAsync(200, $$"""{"object":"list","data":[{"id":"{{Model}}","object":"model"}]}""");

    /// <summary>The answer to <c>POST /v1/chat/completions</c>.</summary>
    public Func<FakeExchange, Task> Chat { get; set; } = Say("Hello", ", ", "world", ".");

    /// <summary>Streams pieces of text one event each, then the end and what it used.</summary>
    public static Func<FakeExchange, Task> Say(params string[] deltas) => async e =>
    {
        await e.BeginStreamAsync();
        foreach (string delta in deltas) await e.DeltaAsync(delta);
        await e.FinishAsync();
    };

    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested) return;
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_running);
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _running.Add(AnswerAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
        }
        catch (Exception stopped) when (stopped is OperationCanceledException or SocketException or InvalidOperationException)
        {
            return;
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        using TcpClient owned = client;
        try
        {
            FakeExchange exchange = await FakeExchange.ReadAsync(client.GetStream(), _stop.Token);
            Requests.Enqueue(exchange);
            Func<FakeExchange, Task> answer = (exchange.Verb, exchange.Path) switch
            {
                ("GET", "/v1/models") => Models,
                ("POST", "/v1/chat/completions") => Chat,
                _ => e => e.AnswerAsync(404, "{}"),
            };
            await answer(exchange);
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException or SocketException)
        {
            // The node called it off, or the test is over.
            return;
        }
    }
}

/// <summary>One request and the connection to answer it on.</summary>
public sealed class FakeExchange
{
    private readonly Stream _stream;
    private readonly CancellationToken _stop;
    private readonly TaskCompletionSource _hungUp = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private FakeExchange(Stream stream, string verb, string path, string head, string body, CancellationToken stop) =>
        (_stream, Verb, Path, Head, Body, _stop) = (stream, verb, path, head, body, stop);

    public string Verb { get; }

    public string Path { get; }

    public string Head { get; }

    public string Body { get; }

    /// <summary>Ends when the node has closed the connection.</summary>
    public Task HungUp => _hungUp.Task;

    public static async Task<FakeExchange> ReadAsync(Stream stream, CancellationToken stop)
    {
        var bytes = new List<byte>();
        byte[] one = new byte[1];
        while (bytes.Count < 4 || !bytes[^4..].SequenceEqual("\r\n\r\n"u8.ToArray()))
        {
            await stream.ReadExactlyAsync(one, stop);
            bytes.Add(one[0]);
        }

        string head = Encoding.ASCII.GetString([.. bytes]);
        string? length = head.Split("\r\n").FirstOrDefault(l => l.StartsWith("Content-Length: ", StringComparison.Ordinal));
        byte[] body = new byte[length is null ? 0 : int.Parse(length[16..], CultureInfo.InvariantCulture)];
        await stream.ReadExactlyAsync(body, stop);
        string[] first = head.Split("\r\n")[0].Split(' ');
        var exchange = new FakeExchange(stream, first[0], first[1], head, Encoding.UTF8.GetString(body), stop);
        _ = exchange.WatchAsync();
        return exchange;
    }

    public Task AnswerAsync(int status, string json) => RawAsync(string.Create(
        CultureInfo.InvariantCulture, $"HTTP/1.1 {status} Whatever\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(json)}\r\n\r\n{json}"));

    public Task BeginStreamAsync() => RawAsync("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n");

    public Task DeltaAsync(string text) => DataAsync($$"""{"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":{{Json(text)}}},"finish_reason":null}]}""");

    public async Task FinishAsync(string reason = "stop")
    {
        await DataAsync($$"""{"object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":"{{reason}}"}]}""");
        await DataAsync("""{"object":"chat.completion.chunk","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":4,"total_tokens":11,"prompt_tokens_details":{"cached_tokens":3}}}""");
        await DataAsync("[DONE]");
        await RawAsync("0\r\n\r\n");
    }

    /// <summary>One event of the stream, in a chunk of its own.</summary>
    public Task DataAsync(string data) => ChunkAsync($"data: {data}\n\n");

    public Task ChunkAsync(string text) => RawAsync($"{Encoding.UTF8.GetByteCount(text):x}\r\n{text}\r\n");

    public async Task RawAsync(string text)
    {
        await _stream.WriteAsync(Encoding.UTF8.GetBytes(text), _stop);
        await _stream.FlushAsync(_stop);
    }

    // Never read for anything else: the node sends one request and then only leaves.
    private async Task WatchAsync()
    {
        try
        {
            while (await _stream.ReadAsync(new byte[16], _stop) > 0)
            {
                // What comes after the request is no business of this server.
                continue;
            }
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException or ObjectDisposedException)
        {
            _hungUp.TrySetResult();
        }

        _hungUp.TrySetResult();
    }

    private static string Json(string text) => System.Text.Json.JsonSerializer.Serialize(text);
}
