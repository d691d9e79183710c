using System.Text.Json;
using ClawMesh.Edge.Mesh;

namespace ClawMesh.Edge.Tests.Mesh.Golden;

/// <summary>Recording 03: probe → alpha → beta → observer, with our node as both classic ones (conformance rows C10 and C11).</summary>
public class GossipReplayTests
{
    [Fact]
    [Trait("spec", "W-2")]
    [Trait("spec", "W-32")]
    [Trait("spec", "W-69")]
    [Trait("spec", "W-73")]
    [Trait("spec", "W-74")]
    [Trait("spec", "W-75")]
    [Trait("spec", "W-77")]
    public void Every_frame_of_03_leaves_two_of_our_nodes_as_it_left_two_classic_ones()
    {
        Transcript recording = Transcript.Load("03");
        GoldenNode alpha = ClassicAcceptorReplayTests.WithBeta(out WireLink alphaToBeta, null, "mesh-ping");
        var beta = new GoldenNode("beta", new GoldenSetup { Time = alpha.Time });
        // The cable between the two is ours: what alpha says to its beta is fed to the node that plays beta, and back.
        WireLink betaToAlpha = new ClassicPeer("alpha", alpha.Time) { Role = "field" }.Join(beta);
        WireLink probe = new ClassicPeer("probe", alpha.Time).Join(alpha);
        WireLink observer = new ClassicPeer("obs", alpha.Time) { Role = "viewer" }.Join(beta);
        (string Name, WireLink Link)[] ends = [("probe>alpha", probe), ("obs>beta", observer)];
        var table = new Differences();
        var problems = new List<string>();
        var heard = new Dictionary<string, List<JsonElement>> { ["probe>alpha"] = [], ["obs>beta"] = [] };
        long epoch = recording.Epoch;
        double now = 0;
        int frames = 0;

        foreach (Line line in recording.Lines.Where(l => l is { Type: "event" }))
        {
            alpha.Time.Advance(TimeSpan.FromMilliseconds(line.At - now));
            now = line.At;
            alpha.SetWall(epoch + (long)line.At);
            if (line.Direction == "sent") ends.Single(e => e.Name == line.Link).Link.Feed(line.Text);
            else if (line.Member("payload", "sourceDeviceId")!.Value.GetString() == alpha.DeviceId.Value && !alpha.Mesh.World.Log(100, null, null).Any(f => f.FrameId == line.Member("payload", "frameId")!.Value.GetString())) alpha.Tell(line.Message!.Value.GetProperty("payload"));
            Pump();
            if (line.Direction != "recv") continue;
            frames++;
            JsonElement ours = heard[line.Link].FirstOrDefault(m => FrameId(m) == FrameId(line.Message!.Value));
            if (ours.ValueKind == JsonValueKind.Undefined)
            {
                problems.Add($"t={line.At}: frame {FrameId(line.Message!.Value)} did not leave on {line.Link}");
                continue;
            }

            heard[line.Link].Remove(ours);
            problems.AddRange(table.Compare(line.Message!.Value, ours, line.Link));
        }

        problems.AddRange(heard.SelectMany(h => h.Value.Select(m => $"{h.Key} has a frame that the recording does not: {m}")));
        Assert.Empty(problems);
        Assert.Equal(15, frames);
        // gen 2, null and "1".
        Assert.Equal(3, alpha.Mesh.Counters[MeshCounter.GenerationMismatch]);
        Assert.Single(alpha.Events.Newest(500, e => e.Message.StartsWith("[GENERATION_MISMATCH]", StringComparison.Ordinal)));
        // hops 3 and 4 at alpha, hops 2 + 1 at beta.
        Assert.Equal((2, 1), (alpha.Mesh.Counters[MeshCounter.HopLimit], beta.Mesh.Counters[MeshCounter.HopLimit]));
        Assert.Equal(1, alpha.Mesh.Counters[MeshCounter.DuplicateFrames]);

        void Pump()
        {
            for (bool more = true; more;)
            {
                more = false;
                foreach ((WireLink from, WireLink to) in new[] { (alphaToBeta, betaToAlpha), (betaToAlpha, alphaToBeta) })
                {
                    foreach (string text in from.Take())
                    {
                        to.Feed(text);
                        more = true;
                    }
                }
            }

            foreach ((string name, WireLink link) in ends) heard[name].AddRange(link.Take().Select(t => JsonDocument.Parse(t).RootElement));
        }

        static string? FrameId(JsonElement message) => message.GetProperty("payload").GetProperty("frameId").GetString();
    }

    [Fact]
    [Trait("spec", "W-74")]
    [Trait("spec", "W-77")]
    public void What_a_relay_passes_on_is_the_recorded_text_with_another_hop_count_and_nothing_else()
    {
        GoldenNode alpha = ClassicAcceptorReplayTests.WithBeta(out WireLink toBeta);
        WireLink probe = new ClassicPeer("probe", alpha.Time).Join(alpha);
        int relayed = 0;

        foreach (Line line in Transcript.Load("03").Lines.Where(l => l is { Type: "event", Direction: "sent", Link: "probe>alpha" }))
        {
            alpha.Time.Advance(TimeSpan.FromSeconds(1));
            probe.Feed(line.Text);
            foreach (string text in toBeta.Take())
            {
                relayed++;
                int hops = line.Member("payload", "hops") is { } given ? given.GetInt32() : 0;
                string expected = line.Member("payload", "hops") is null ? line.Text[..^2] + ",\"hops\":1}}" : line.Text.Replace($"\"hops\":{hops}", $"\"hops\":{hops + 1}", StringComparison.Ordinal);
                Assert.Equal(expected, text);
            }

            Assert.Empty(probe.Take());
        }

        // Of seventeen: not hops 3 and 4, not the second copy, not the three of another generation.
        Assert.Equal(11, relayed);
    }
}
