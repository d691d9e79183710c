using ClawMesh.Edge.Agent.Node;

namespace ClawMesh.Edge.Tests.Agent.Node;

/// <summary>The loops of a started node take their first samples beside the start; what asks for values has to wait for them.</summary>
internal static class FirstSamples
{
    public static EdgeNode WithFirstSamples(this EdgeNode node)
    {
        Assert.True(SpinWait.SpinUntil(() => node.Sensors.All(s => node.Latest.Latest(s.Info.Id) is not null) && node.Frames.Told >= node.Site.Sensors.Count, TimeSpan.FromSeconds(60)));
        return node;
    }
}
