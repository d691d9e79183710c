using System.Text.Json;
using ClawMesh.Edge.Agent.Config;

namespace ClawMesh.Edge.Tests.Agent.Config;

public sealed class ConfigKeysTests
{
    [Theory]
    [InlineData("prot", "port")]
    [InlineData("safetyTickMs", "edge.safetyTickMs")]
    [InlineData("edge.retention.megabyte", "edge.retention.megabytes")]
    [InlineData("static_peers", "staticPeers")]
    [InlineData("operator.loopbackReadonly", "operator.loopbackReadOnly")]
    public void Nearest_finds_the_key_that_was_meant(string typed, string meant)
    {
        Assert.Equal(meant, ConfigKeys.Nearest(typed));
    }

    [Fact]
    public void Every_default_passes_its_own_check()
    {
        string defaults = NodeFile.Defaults();

        NodeConfig config = NodeConfig.Read(defaults, "node.json", new Dictionary<string, (string, JsonElement)>());

        Assert.Empty(config.Problems);
        Assert.Equal(ConfigKeys.All.Where(k => k.Default.Length > 0).Select(k => k.Key), config.Values.Where(v => v.Source == "node.json").Select(v => v.Key.Key));
    }

    [Fact]
    public void No_key_is_a_prefix_of_another()
    {
        Assert.DoesNotContain(ConfigKeys.All, a => ConfigKeys.All.Any(b => b.Key.StartsWith(a.Key + ".", StringComparison.Ordinal)));
    }
}
