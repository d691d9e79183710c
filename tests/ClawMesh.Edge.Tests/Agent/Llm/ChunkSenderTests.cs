using System.Text;
using ClawMesh.Edge.Agent.Llm;
using ClawMesh.Edge.Core.Rpc;
using ClawMesh.Edge.Tests.Trust;
using FsCheck;
using FsCheck.Fluent;

namespace ClawMesh.Edge.Tests.Agent.Llm;

/// <summary>How the text of a model becomes events.</summary>
[Trait("spec", "W-144")]
public class ChunkSenderTests
{
    private static Gen<string> Texts => Gen.OneOf(
        Gen.Choose(0, 40).Select(n => new string('a', n)),
        Gen.Choose(0, 9_000).Select(n => new string('é', n)),
        Gen.Choose(0, 6_000).Select(n => new string('水', n)),
        Gen.Choose(0, 5_000).Select(n => string.Concat(Enumerable.Repeat("🌱", n))),
        Gen.Elements("a", "é", "水", "🌱", "👩‍🌾", "\r\n", "\0", "\"").ArrayOf().Select(string.Concat));

    [Fact]
    public void However_text_comes_the_chunks_are_numbered_without_gaps_short_enough_and_whole_in_every_character()
    {
        Gen<(string[] Texts, bool Slow)> cases =
            from texts in Texts.ArrayOf()
            from slow in Gen.Elements(true, false)
            select (texts, slow);

        ForAll.Cases(cases, 300, c =>
        {
            var events = new HeardEvents { WaitingBytes = c.Slow ? 1 : 0 };
            var sender = new ChunkSender("r-1", events, CancellationToken.None);
            foreach (string text in c.Texts) Wait(sender.AddAsync(text));
            Wait(sender.FlushAsync());

            Assert.Equal(string.Concat(c.Texts), string.Concat(events.Deltas));
            Assert.Equal(Enumerable.Range(0, events.Deltas.Count).Select(n => (long)n), events.Sequences);
            Assert.All(events.Deltas, d =>
            {
                Assert.InRange(Encoding.UTF8.GetByteCount(d), 1, ChunkSender.MaxDeltaBytes);
                // A parted character would come back as a replacement.
                Assert.Equal(d, Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(d)));
            });
            Assert.All(events.Heard, h => Assert.Equal(("llm.chunk", "r-1"), (h.Name, h.Payload.GetProperty("requestId").GetString())));
        });
    }

    [Fact]
    public async Task A_chunk_is_filled_to_the_last_byte_a_character_leaves()
    {
        var events = new HeardEvents();
        var sender = new ChunkSender("r", events, CancellationToken.None);

        await sender.AddAsync(new string('水', 5_000));

        // 2,730 characters of three bytes are 8,190; one more would not fit.
        Assert.Equal([2_730, 2_270], events.Deltas.Select(d => d.Length));
    }

    [Fact]
    public async Task While_the_line_is_slow_text_is_gathered_and_on_a_free_line_it_goes_at_once()
    {
        var events = new HeardEvents { WaitingBytes = 500 };
        var sender = new ChunkSender("r", events, CancellationToken.None);
        await sender.AddAsync("one ");
        await sender.AddAsync("two ");
        Assert.Empty(events.Deltas);

        events.WaitingBytes = 0;
        await sender.AddAsync("three");
        await sender.AddAsync(" four");

        Assert.Equal(["one two three", " four"], events.Deltas);
    }

    [Fact]
    public async Task A_requester_that_does_not_read_ends_the_inference()
    {
        var sender = new ChunkSender("r", new HeardEvents { Room = 0 }, CancellationToken.None);

        RpcRefusalException refused = await Assert.ThrowsAsync<RpcRefusalException>(() => sender.AddAsync("one").AsTask());

        Assert.Equal(LlmErrorCodes.Backpressure, refused.Code);
    }

    private static void Wait(ValueTask sent) => sent.AsTask().GetAwaiter().GetResult();
}
