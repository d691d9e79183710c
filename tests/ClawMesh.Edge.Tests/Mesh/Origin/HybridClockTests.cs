using System.Text.Json;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Mesh.Origin;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Mesh.Origin;

[Trait("spec", "X-16")]
public class HybridClockTests
{
    private static readonly JsonElement Golden = GoldenData.Json("edge-vectors.json");
    private static readonly NodeId K1 = new(Golden.GetProperty("keys").GetProperty("k1").GetProperty("deviceId").GetString()!);

    [Fact]
    public void Each_step_of_the_vectors_gives_their_text_or_state()
    {
        foreach (JsonElement step in Golden.GetProperty("hlc").GetProperty("steps").EnumerateArray())
        {
            var clock = new HybridClock(K1);
            clock.Restore(step.GetProperty("state")[0].GetInt64(), step.GetProperty("state")[1].GetInt32());
            JsonElement e = step.GetProperty("event");
            long now = e.GetProperty("now").GetInt64();
            if (e.TryGetProperty("accept", out JsonElement accept))
            {
                clock.Accept(accept[0].GetInt64(), accept[1].GetInt32(), now);
                Assert.Equal((step.GetProperty("stateAfter")[0].GetInt64(), step.GetProperty("stateAfter")[1].GetInt32()), clock.State);
            }
            else
            {
                Assert.Equal(step.GetProperty("result").GetString(), clock.Create(now));
            }
        }
    }

    [Fact]
    public void A_time_far_ahead_moves_nothing_and_says_so()
    {
        var clock = new HybridClock(K1);
        clock.Create(1_000);
        Assert.False(clock.Accept(1_000 + HybridClock.MaxSkewMs + 1, 0, 1_000));
        Assert.Equal((1_000, 0), clock.State);
        Assert.True(clock.Accept(1_000 + HybridClock.MaxSkewMs, 0, 1_000));
    }

    [Fact]
    public void Texts_order_as_they_were_made_whatever_the_wall_clock_does()
    {
        var clock = new HybridClock(K1);
        var chance = new Random(7);
        string before = "";
        for (int i = 0; i < 5_000; i++)
        {
            string text = clock.Create(1_000_000 + chance.Next(-500, 500));
            Assert.True(string.CompareOrdinal(before, text) < 0, $"{before} is not before {text}");
            Assert.True(HybridClock.IsWellFormed(text, K1.Value));
            before = text;
        }
    }

    [Theory]
    [Trait("spec", "X-12")]
    [InlineData("01a1fb9935e8-0000-21fe31d")]
    [InlineData("01a1fb9935e8-0000-21fe31dg")]
    [InlineData("01A1fb9935e8-0000-21fe31df")]
    [InlineData("01a1fb9935e8_0000-21fe31df")]
    [InlineData("01a1fb9935e8-0000-21fe31de")]
    [InlineData("")]
    public void What_is_not_of_the_form_or_of_another_origin_is_not_well_formed(string text) => Assert.False(HybridClock.IsWellFormed(text, K1.Value));
}
