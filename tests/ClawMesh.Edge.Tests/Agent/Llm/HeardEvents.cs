using System.Text.Json;
using ClawMesh.Edge.Core.Rpc;

namespace ClawMesh.Edge.Tests.Agent.Llm;

/// <summary>The requester's end of a connection: what it heard, how much it can take, and when it leaves.</summary>
internal sealed class HeardEvents : IRpcEvents
{
    private readonly CancellationTokenSource _gone = new();
    private readonly List<(string Name, JsonElement Payload)> _heard = [];
    private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public CancellationToken Ended => _gone.Token;

    public long WaitingBytes { get; set; }

    /// <summary>Events it still takes.</summary>
    public int Room { get; set; } = int.MaxValue;

    /// <summary>Called before an event is taken.</summary>
    public Action? Sending { get; set; }

    /// <summary>Ends with the first event.</summary>
    public Task First => _first.Task.WaitAsync(TimeSpan.FromSeconds(30));

    public IReadOnlyList<(string Name, JsonElement Payload)> Heard
    {
        get
        {
            lock (_heard) return [.. _heard];
        }
    }

    public IReadOnlyList<string> Deltas => [.. Heard.Select(h => h.Payload.GetProperty("delta").GetString()!)];

    public IReadOnlyList<long> Sequences => [.. Heard.Select(h => h.Payload.GetProperty("seq").GetInt64())];

    public void Leave() => _gone.Cancel();

    public ValueTask<bool> SendAsync(string name, Action<Utf8JsonWriter> payload, CancellationToken cancellationToken)
    {
        Sending?.Invoke();
        if (Room-- <= 0) return ValueTask.FromResult(false);
        lock (_heard) _heard.Add((name, Json(w =>
        {
            w.WriteStartObject();
            payload(w);
            w.WriteEndObject();
        })));
        _first.TrySetResult();
        return ValueTask.FromResult(true);
    }

    public static JsonElement Json(Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer)) write(writer);
        using JsonDocument document = JsonDocument.Parse(buffer.ToArray());
        return document.RootElement.Clone();
    }
}
