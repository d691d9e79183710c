using ClawMesh.Edge.TestKit.Mesh;

namespace ClawMesh.Edge.Simulation;

public class FirstContactTests
{
    [Fact]
    [Trait("spec", "W-26")]
    [Trait("spec", "W-57")]
    [Trait("spec", "W-74")]
    public void A_frame_crosses_a_line_of_three_in_two_hops_and_both_ends_pin_first_keys()
    {
        var field = new Field();
        SimulatedNode a = field.Node("a");
        SimulatedNode b = field.Node("b", "field", a);
        SimulatedNode c = field.Node("c", "field", b);
        Assert.NotNull(field.RunUntil(() => b.IsConnected(a) && a.IsConnected(b) && c.IsConnected(b) && b.IsConnected(c), 10));

        string frame = a.Observe(31.5);

        Assert.NotNull(field.RunUntil(() => c.Knows(frame), 2));
        Assert.Equal(1, c.Mesh.World.Log(10, null, null).Single(f => f.FrameId == frame).Hops);
        Assert.Equal(b.PublicKey, a.Trust.Entries[b.DeviceId.Value].PublicKey);
        Assert.Equal(a.PublicKey, b.Trust.Entries[a.DeviceId.Value].PublicKey);
    }
}
