using System.Net;
using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Agent.Llm;
using ClawMesh.Edge.Core.Sites;

namespace ClawMesh.Edge.Tests.Agent.Llm;

/// <summary>Where a model server may be, and what the configuration says otherwise.</summary>
public class LlmEndpointTests
{
    [Theory]
    [InlineData("http://127.0.0.1:8080/v1", "127.0.0.1", 8080, "/v1")]
    [InlineData("http://localhost:11434/v1/", "localhost", 11434, "/v1")]
    [InlineData("http://192.168.7.20", "192.168.7.20", 80, "")]
    [InlineData("http://[fd00::7]:8080/v1", "fd00::7", 8080, "/v1")]
    [InlineData("http://jetson.local:8080", "jetson.local", 8080, "")]
    public void A_server_here_or_in_the_local_network_is_taken(string url, string host, int port, string path)
    {
        LlmEndpoint? endpoint = LlmEndpoint.Parse(url, out string problem);

        Assert.Equal(new LlmEndpoint(host, port, path), endpoint);
        Assert.Equal("", problem);
    }

    [Theory]
    [InlineData("https://127.0.0.1:8443/v1", "https, which is not spoken here")]
    [InlineData("http://203.0.113.7/v1", "neither this machine nor the local network")]
    [InlineData("http://[2001:db8::1]/v1", "neither this machine nor the local network")]
    [InlineData("http://user:secret@127.0.0.1/v1", "holds a user")]
    [InlineData("http://127.0.0.1/v1?key=1", "a query")]
    [InlineData("ftp://127.0.0.1/", "is 'ftp")]
    [InlineData("127.0.0.1:8080", "is '127")]
    [InlineData("", "is ''")]
    public void Anything_else_is_a_fault_of_the_configuration_that_says_why(string url, string why)
    {
        Assert.Null(LlmEndpoint.Parse(url, out string problem));
        Assert.Contains(why, problem, StringComparison.Ordinal);

        NodeConfig config = NodeConfig.Read(new System.Text.Json.Nodes.JsonObject { ["llm"] = new System.Text.Json.Nodes.JsonObject { ["url"] = url } }.ToJsonString(), "node.json", new Dictionary<string, (string, System.Text.Json.JsonElement)>());
        ConfigProblem told = Assert.Single(config.Problems);
        Assert.Contains(why, told.What, StringComparison.Ordinal);
        Assert.False(config.IsValid);
    }

    [Theory]
    [InlineData("127.0.0.1", true)]
    [InlineData("127.8.8.8", true)]
    [InlineData("::1", true)]
    [InlineData("10.255.0.1", true)]
    [InlineData("172.16.0.1", true)]
    [InlineData("172.31.255.255", true)]
    [InlineData("172.32.0.1", false)]
    [InlineData("172.15.0.1", false)]
    [InlineData("192.168.1.1", true)]
    [InlineData("192.169.1.1", false)]
    [InlineData("169.254.3.4", true)]
    [InlineData("fe80::1", true)]
    [InlineData("fd12::1", true)]
    [InlineData("2001:db8::1", false)]
    [InlineData("::ffff:192.168.1.1", true)]
    [InlineData("::ffff:8.8.8.8", false)]
    [InlineData("8.8.8.8", false)]
    [InlineData("0.0.0.0", false)]
    public void Near_is_loopback_private_or_link_local(string address, bool near) => Assert.Equal(near, LlmEndpoint.IsNear(IPAddress.Parse(address)));

    [Theory]
    [InlineData("qwen2.5:1.5b", true, null)]
    [InlineData("library/llama-3.2_1B@q4+k", true, null)]
    [InlineData("a b", true, "holds ' '")]
    [InlineData("modèle", true, "holds 'è'")]
    [InlineData("a/b", false, "holds '/'")]
    [InlineData("", true, "is 0 characters long")]
    public void A_name_in_a_capability_is_short_and_plain(string name, bool slashes, string? problem) => Assert.Equal(problem, LlmOptions.NameProblem(name, slashes));

    [Fact]
    public void The_longest_names_make_a_capability_that_a_peer_takes() =>
        Assert.True(new LlmOptions(new LlmEndpoint("h", 1, ""), new string('p', 24), new string('m', LlmOptions.MaxNameLength), 1).Capability.Length <= 128);
}
