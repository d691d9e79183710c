using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace ClawMesh.Edge.Agent.Llm;

/// <summary>
/// Speaks with an OpenAI-compatible server, one request per connection; closing the connection is how a completion is called off.
/// Every fault of the server is a <see cref="ModelServerException"/>.
/// </summary>
/// <param name="connect">Opens a connection; see <see cref="LlmEndpoint.ConnectAsync"/>.</param>
internal sealed class ModelServer(LlmEndpoint endpoint, Func<CancellationToken, ValueTask<Stream>> connect)
{
    private const long MaxListBytes = 1024 * 1024;
    private const long MaxStreamBytes = 16 * 1024 * 1024;

    /// <summary>Whether the server's list has the model, by its name or its name with the tag <c>latest</c>. False as well when it has no list.</summary>
    public Task<bool> ListsAsync(string model, CancellationToken cancellationToken) => ExchangeAsync("GET", "/models", null, MaxListBytes, async reader =>
    {
        if (reader.Status == 404) return false;
        RequireOk(reader);
        try
        {
            using JsonDocument document = JsonDocument.Parse(await reader.ReadAllAsync(cancellationToken));
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("data", out JsonElement list) || list.ValueKind != JsonValueKind.Array) return false;
            foreach (JsonElement entry in list.EnumerateArray())
            {
                if (entry.ValueKind == JsonValueKind.Object && entry.TryGetProperty("id", out JsonElement id) && id.ValueKind == JsonValueKind.String && (id.ValueEquals(model) || id.ValueEquals($"{model}:latest"))) return true;
            }

            return false;
        }
        catch (Exception malformed) when (malformed is JsonException or InvalidOperationException)
        {
            throw new ModelServerException("its list of models is no JSON");
        }
    }, cancellationToken);

    /// <summary>Whether the server completes one token with the model; for servers whose list does not name it.</summary>
    public Task<bool> AnswersAsync(string model, CancellationToken cancellationToken) => ExchangeAsync("POST", "/chat/completions", OneToken(model), MaxListBytes, async reader =>
    {
        RequireOk(reader);
        try
        {
            using JsonDocument document = JsonDocument.Parse(await reader.ReadAllAsync(cancellationToken));
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("choices", out JsonElement choices) && choices.ValueKind == JsonValueKind.Array && choices.GetArrayLength() > 0;
        }
        catch (Exception malformed) when (malformed is JsonException or InvalidOperationException)
        {
            throw new ModelServerException("its completion is no JSON");
        }
    }, cancellationToken);

    /// <summary>Streams one completion to its end; each piece of text is waited for before the next is read.</summary>
    public Task<ChatProgress> StreamAsync(byte[] body, Func<string, ValueTask> text, CancellationToken cancellationToken) => ExchangeAsync("POST", "/chat/completions", body, MaxStreamBytes, async reader =>
    {
        RequireOk(reader);
        if (reader.ContentType != "text/event-stream") throw new ModelServerException("its answer is no stream of events");
        var progress = new ChatProgress();
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            // Every data line is one whole JSON value; comments, names and the blank lines between events say nothing here.
            if (!line.Span.StartsWith("data:"u8)) continue;
            ReadOnlyMemory<byte> data = line["data:".Length..];
            if (data.Span.StartsWith(" "u8)) data = data[1..];
            if (data.Span.SequenceEqual("[DONE]"u8)) return progress.Finish is null ? throw new ModelServerException("it ended its stream without a reason") : progress;
            if (progress.Take(data) is { Length: > 0 } delta) await text(delta);
        }

        return progress.Finish is null ? throw new ModelServerException("it ended its stream in the middle") : progress;
    }, cancellationToken);

    private async Task<T> ExchangeAsync<T>(string verb, string path, byte[]? body, long maxBodyBytes, Func<HttpReader, Task<T>> read, CancellationToken cancellationToken)
    {
        try
        {
            await using Stream stream = await connect(cancellationToken);
            await stream.WriteAsync(Head(verb, path, body), cancellationToken);
            if (body is not null) await stream.WriteAsync(body, cancellationToken);
            var reader = new HttpReader(stream, maxBodyBytes);
            await reader.ReadHeadAsync(cancellationToken);
            return await read(reader);
        }
        catch (Exception broken) when (broken is IOException or SocketException or ObjectDisposedException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new ModelServerException("the connection with it broke", broken);
        }
    }

    private byte[] Head(string verb, string path, byte[]? body)
    {
        string content = body is null ? "" : string.Create(CultureInfo.InvariantCulture, $"Content-Type: application/json\r\nContent-Length: {body.Length}\r\n");
        return Encoding.ASCII.GetBytes($"{verb} {endpoint.Path}{path} HTTP/1.1\r\nHost: {endpoint.Authority}\r\nUser-Agent: clawmesh-edge\r\nAccept: application/json, text/event-stream\r\n{content}Connection: close\r\n\r\n");
    }

    private static void RequireOk(HttpReader reader)
    {
        if (reader.Status != 200) throw new ModelServerException(string.Create(CultureInfo.InvariantCulture, $"it answered with status {reader.Status}"));
    }

    private static byte[] OneToken(string model)
    {
        using var body = new MemoryStream();
        using (var w = new Utf8JsonWriter(body))
        {
            w.WriteStartObject();
            w.WriteString("model", model);
            w.WriteStartArray("messages");
            w.WriteStartObject();
            w.WriteString("role", "user");
            w.WriteString("content", "ok");
            w.WriteEndObject();
            w.WriteEndArray();
            w.WriteNumber("max_tokens", 1);
            w.WriteEndObject();
        }

        return body.ToArray();
    }
}
