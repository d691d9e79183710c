using ClawMesh.Edge.Mesh;
using ClawMesh.Edge.Tests.Mesh.Golden;

namespace ClawMesh.Edge.Tests.Mesh;

public class MeshOptionsTests
{
    [Theory]
    [Trait("spec", "X-34")]
    [Trait("spec", "X-35")]
    [InlineData(2_500, 8_000, 5_000, 12_000)]
    [InlineData(5_000, 30_000, 10_000, 45_000)]
    [InlineData(20_000, 8_000, 6_000, 12_000)]
    public void A_peer_is_suspect_after_two_pings_and_always_before_it_is_down(int pingMs, int downMs, int suspectMs, int anywayMs)
    {
        MeshOptions options = MeshOptions.Default.WithLiveness(TimeSpan.FromMilliseconds(pingMs), TimeSpan.FromMilliseconds(downMs));

        Assert.Equal(
            (suspectMs, downMs, anywayMs),
            ((int)options.SuspectAfter.TotalMilliseconds, (int)options.DownAfter.TotalMilliseconds, (int)options.DownAnyway.TotalMilliseconds));
    }

    [Fact]
    public void A_running_mesh_takes_over_what_may_change_and_keeps_the_rest()
    {
        MeshNode mesh = new GoldenNode("alpha", new GoldenSetup { Mesh = o => o with { HandshakeLimit = TimeSpan.FromSeconds(3) } }).Mesh;
        MeshOptions before = mesh.Options;

        mesh.Retune(new MeshOptions { LoopbackReadOnly = "none", InboundPerSecond = 11, InboundBurst = 101, AcceptUnsigned = false, SyncInterval = TimeSpan.FromSeconds(17), SignFrames = !before.SignFrames });

        Assert.Equal(
            before with { LoopbackReadOnly = "none", InboundPerSecond = 11, InboundBurst = 101, AcceptUnsigned = false, SyncInterval = TimeSpan.FromSeconds(17) },
            mesh.Options);
        Assert.Equal(TimeSpan.FromSeconds(3), mesh.Options.HandshakeLimit);
    }

    [Fact]
    public void What_is_configured_by_default_is_what_the_mesh_does_by_default() =>
        Assert.Equal(MeshOptions.Default, MeshOptions.Default.WithLiveness(TimeSpan.FromMilliseconds(2_500), TimeSpan.FromMilliseconds(8_000)));
}
