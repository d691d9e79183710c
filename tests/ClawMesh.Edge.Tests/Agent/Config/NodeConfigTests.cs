using System.Text.Json;
using ClawMesh.Edge.Agent.Cli;
using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;

namespace ClawMesh.Edge.Tests.Agent.Config;

public sealed class NodeConfigTests
{
    [Fact]
    public void Without_a_file_and_flags_every_value_is_its_default()
    {
        NodeConfig config = Read(null);

        Assert.Empty(config.Problems);
        Assert.All(config.Values, v => Assert.Equal("default", v.Source));
        Assert.Equal(18789, config.Number(ConfigKeys.Port));
        Assert.Equal("field", config.Text(ConfigKeys.Role));
        Assert.Null(config.Text(ConfigKeys.Site));
        Assert.Empty(config.List(ConfigKeys.StaticPeers));
    }

    [Fact]
    public void A_flag_comes_before_the_file_and_the_file_before_the_default()
    {
        const string file = """{ "port": 4000, "name": "from file", "edge": { "safetyTickMs": 10 } }""";

        NodeConfig config = Read(file, (ConfigKeys.Port, "--listen", "5000"));

        Assert.Equal((5000, "flag --listen"), (config.Number(ConfigKeys.Port), config.SourceOf(ConfigKeys.Port)));
        Assert.Equal(("from file", "node.json"), (config.Text(ConfigKeys.Name), config.SourceOf(ConfigKeys.Name)));
        Assert.Equal(10, config.Number(ConfigKeys.SafetyTickMs));
        Assert.Equal("default", config.SourceOf(ConfigKeys.Role));
    }

    [Fact]
    public void A_wrong_flag_is_a_problem_and_does_not_hide_the_value_of_the_file()
    {
        NodeConfig config = Read("""{ "port": 4000 }""", (ConfigKeys.Port, "--listen", "70000"));

        Assert.Equal("--listen", Assert.Single(config.Problems).Path);
        Assert.Equal(4000, config.Number(ConfigKeys.Port));
    }

    [Fact]
    public void An_unknown_key_is_a_warning_that_names_the_nearest_known_one()
    {
        NodeConfig config = Read("""{ "edge": { "safteyTickMs": 10 }, "zones": {} }""");

        Assert.True(config.IsValid);
        Assert.Equal(["edge.safteyTickMs", "zones"], config.Problems.Select(p => p.Path));
        Assert.All(config.Problems, p => Assert.Equal(ProblemSeverity.Warning, p.Severity));
        Assert.Contains("'edge.safetyTickMs'", config.Problems[0].Fix, StringComparison.Ordinal);
        Assert.Equal(20, config.Number(ConfigKeys.SafetyTickMs));
    }

    [Fact]
    public void Every_problem_is_reported_at_once()
    {
        const string file = """{ "port": -1, "role": "boss", "discovery": "yes", "name": "a.b", "capabilities": [1], "edge": { "safetyTickMs": 2.5 } }""";

        NodeConfig config = Read(file);

        Assert.Equal(["port", "role", "discovery", "name", "capabilities", "edge.safetyTickMs"], config.Problems.Select(p => p.Path));
        var fault = Assert.Throws<EdgeException>(config.OrThrow);
        Assert.Equal(ErrorCodes.ConfigInvalid, fault.Code);
        Assert.All(config.Problems, p => Assert.Contains(p.What, fault.Why, StringComparison.Ordinal));
        Assert.Equal(ExitCodes.Usage, ExitCodes.For(fault));
    }

    [Theory]
    [InlineData("port", "0", true)]
    [InlineData("port", "65535", true)]
    [InlineData("port", "65536", false)]
    [InlineData("port", "\"18789\"", false)]
    [InlineData("port", "1e400", false)]
    [InlineData("name", "\"\"", false)]
    [InlineData("name", "\"   \"", false)]
    [InlineData("name", "null", false)]
    [InlineData("name", "\"Gewächshaus 3\"", true)]
    [InlineData("host", "\"::\"", true)]
    [InlineData("host", "\"localhost\"", false)]
    [InlineData("discovery", "false", true)]
    [InlineData("edge.safetyTickMs", "4", false)]
    [InlineData("edge.safetyTickMs", "5", true)]
    [InlineData("edge.command.freshnessMs", "300001", false)]
    [InlineData("operator.loopbackReadOnly", "\"all\"", false)]
    [InlineData("staticPeers", "[\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=ws://b\"]", true)]
    [InlineData("staticPeers", "[\"a=ws://b\"]", false)]
    [InlineData("strictTransport", "true", true)]
    [InlineData("strictTransport", "1", false)]
    [InlineData("staticPeers", "[\"\"]", false)]
    [InlineData("staticPeers", "\"a\"", false)]
    public void A_value_outside_of_what_is_allowed_is_an_error(string key, string json, bool valid)
    {
        NodeConfig config = Read(NodeFile.With(null, "node.json", key, json));

        Assert.Equal(valid, config.IsValid);
    }

    [Fact]
    [Trait("spec", "W-161")]
    public void Every_wrong_static_peer_is_told_with_its_place_in_the_list()
    {
        string id = new('a', 64);

        NodeConfig config = Read($$"""{ "staticPeers": ["pump=ws://h", "{{id}}=ws://h", "{{id}}=ftp://h", "{{id}}=wss://h|beef"] }""");

        ConfigProblem problem = Assert.Single(config.Problems);
        Assert.Equal(("staticPeers", ProblemSeverity.Error), (problem.Path, problem.Severity));
        Assert.All(["entry 1 wrong (INVALID_PEER_ID)", "entry 3 wrong (INVALID_PEER_URL)", "entry 4 wrong (INVALID_PEER_FINGERPRINT)"], part => Assert.Contains(part, problem.What, StringComparison.Ordinal));
        Assert.DoesNotContain("entry 2", problem.What, StringComparison.Ordinal);
        Assert.Empty(config.List(ConfigKeys.StaticPeers));
    }

    [Theory]
    [InlineData("{ \"port\": ", "not JSON")]
    [InlineData("[]", "no JSON object")]
    [InlineData("", "not JSON")]
    [InlineData("{ \"name\": \"\\ud800\" }", "no character")]
    public void A_file_that_is_no_JSON_object_is_one_error(string file, string what)
    {
        NodeConfig config = Read(file);

        Assert.False(config.IsValid);
        Assert.Contains(what, Assert.Single(config.Problems).What, StringComparison.Ordinal);
    }

    [Fact]
    public void Comments_and_trailing_commas_are_allowed()
    {
        NodeConfig config = Read("{ // the pump house\n \"port\": 4000, }");

        Assert.Empty(config.Problems);
        Assert.Equal(4000, config.Number(ConfigKeys.Port));
    }

    [Theory]
    [InlineData("""{"edge":{"liveness":{"pingAfterMs":5000}}}""", "edge.liveness.downAfterMs", "8000", "5000")]
    [InlineData("""{"edge":{"liveness":{"pingAfterMs":2500,"downAfterMs":5999}}}""", "edge.liveness.downAfterMs", "5999", "6000")]
    [InlineData("""{"edge":{"update":{"healthySec":60}}}""", "edge.update.deadlineSec", "35", "60")]
    [InlineData("""{"edge":{"update":{"healthySec":60,"deadlineSec":60}}}""", "edge.update.deadlineSec", "60", "60")]
    public void Two_values_that_do_not_go_together_are_an_error_that_names_both(string file, string path, string first, string second)
    {
        ConfigProblem problem = Assert.Single(Read(file).Problems);

        Assert.Equal((ProblemSeverity.Error, path), (problem.Severity, problem.Path));
        Assert.Contains(first, problem.What, StringComparison.Ordinal);
        Assert.Contains(second, problem.What, StringComparison.Ordinal);
        Assert.Empty(Read("""{"edge":{"liveness":{"pingAfterMs":2500,"downAfterMs":6000},"update":{"healthySec":34}}}""").Problems);
    }

    [Fact]
    public void A_disk_that_fails_is_no_error_of_the_configuration_and_an_absent_file_is_none()
    {
        using var scratch = new ClawMesh.Edge.Tests.Native.ScratchDirectory();
        var state = new StateDirectory(scratch.Path, "--state-dir");
        Assert.False(NodeConfig.Load(state, new Dictionary<string, (string, JsonElement)>()).HasFile);
        // Nothing is mapped at address 0: reading there is EIO.
        File.CreateSymbolicLink(state.NodeConfigFile, "/proc/self/mem");

        EdgeException fault = Assert.Throws<EdgeException>(() => NodeConfig.Load(state, new Dictionary<string, (string, JsonElement)>()));

        Assert.Equal(("storage.read_failed", FailureClass.Storage, ExitCodes.Failed), (fault.Code, fault.FailureClass, ExitCodes.For(fault)));
        Assert.Equal("storage.read_failed", Assert.Throws<EdgeException>(() => ClawMesh.Edge.Hardware.Sites.ConfigDirectory.ReadFile("/proc/self/mem", [])).Code);
        var problems = new List<ConfigProblem>();
        Assert.Null(ClawMesh.Edge.Hardware.Sites.ConfigDirectory.ReadFile(scratch.At("absent.json"), problems));
        Assert.Single(problems);
    }

    private static NodeConfig Read(string? file, params (string Key, string Flag, string Json)[] flags) =>
        NodeConfig.Read(file, "node.json", flags.ToDictionary(f => f.Key, f => (f.Flag, JsonDocument.Parse(f.Json).RootElement.Clone())));
}
