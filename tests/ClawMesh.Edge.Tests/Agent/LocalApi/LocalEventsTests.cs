using System.Text;
using ClawMesh.Edge.Agent.LocalApi;

namespace ClawMesh.Edge.Tests.Agent.LocalApi;

public class LocalEventsTests
{
    [Fact]
    public async Task An_event_is_one_line_of_the_conversation()
    {
        using var stream = new MemoryStream();
        using var events = new LocalEvents(stream);

        Assert.True(await events.SendAsync("llm.chunk", w => w.WriteString("delta", "a\nb"), CancellationToken.None));

        Assert.Equal("{\"type\":\"event\",\"event\":\"llm.chunk\",\"payload\":{\"delta\":\"a\\nb\"}}\n", Encoding.UTF8.GetString(stream.ToArray()));
        Assert.False(events.Ended.IsCancellationRequested);
    }

    [Fact]
    public async Task A_program_that_hung_up_ends_what_it_asked_for()
    {
        using var events = new LocalEvents(new Broken());

        Assert.False(await events.SendAsync("llm.chunk", _ => { }, CancellationToken.None));

        Assert.True(events.Ended.IsCancellationRequested);
    }

    private sealed class Broken : MemoryStream
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => throw new IOException("broken pipe");
    }
}
