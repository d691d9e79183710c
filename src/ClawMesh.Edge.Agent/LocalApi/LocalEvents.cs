using System.Buffers;
using System.Text.Json;
using ClawMesh.Edge.Core.Rpc;

namespace ClawMesh.Edge.Agent.LocalApi;

/// <summary>
/// Events on the local socket, one per line, while its one request is being answered. Nothing is queued: a program that does not read
/// holds up what it asked for. That it has left is noticed at the next event, and between its requests at once.
/// </summary>
internal sealed class LocalEvents(Stream stream) : IRpcEvents, IDisposable
{
    private readonly CancellationTokenSource _gone = new();

    public CancellationToken Ended => _gone.Token;

    public long WaitingBytes => 0;

    public async ValueTask<bool> SendAsync(string name, Action<Utf8JsonWriter> payload, CancellationToken cancellationToken)
    {
        var line = new ArrayBufferWriter<byte>(512);
        using (var w = new Utf8JsonWriter(line))
        {
            w.WriteStartObject();
            w.WriteString("type", "event");
            w.WriteString("event", name);
            w.WriteStartObject("payload");
            payload(w);
            w.WriteEndObject();
            w.WriteEndObject();
        }

        line.Write("\n"u8);
        try
        {
            await stream.WriteAsync(line.WrittenMemory, cancellationToken);
            return true;
        }
        catch (IOException)
        {
            await _gone.CancelAsync();
            return false;
        }
    }

    public void Dispose()
    {
        // What it began and only it may go on with ends with it.
        _gone.Cancel();
        _gone.Dispose();
    }
}
