using System.Text.Json;
using ClawMesh.Edge.Agent.Cli;
using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Tests.Agent.Config;

public sealed class NodeFileTests
{
    [Fact]
    public void Setting_a_value_keeps_unknown_keys_and_the_order()
    {
        const string old = """{ "zebra": { "stripes": 1e2 }, "port": 1, "edge": { "future": [1, null], "safetyTickMs": 20 }, "name": "Gewächshaus" }""";

        JsonElement changed = Parse(NodeFile.With(old, "node.json", "edge.safetyTickMs", "50"));

        Assert.Equal(["zebra", "port", "edge", "name"], changed.EnumerateObject().Select(m => m.Name));
        Assert.Equal("1e2", changed.GetProperty("zebra").GetProperty("stripes").GetRawText());
        Assert.Equal(["future", "safetyTickMs"], changed.GetProperty("edge").EnumerateObject().Select(m => m.Name));
        Assert.Equal(50, changed.GetProperty("edge").GetProperty("safetyTickMs").GetInt32());
        Assert.Equal("Gewächshaus", changed.GetProperty("name").GetString());
    }

    [Fact]
    public void A_key_written_with_dots_is_changed_where_it_stands()
    {
        JsonElement changed = Parse(NodeFile.With("""{ "edge.command": { "freshnessMs": 5000 } }""", "node.json", "edge.command.freshnessMs", "6000"));

        Assert.Equal("""{"edge.command":{"freshnessMs":6000}}""", Compact(changed));
    }

    [Fact]
    public void Missing_objects_on_the_way_are_made_and_what_stood_in_their_place_goes()
    {
        Assert.Equal("""{"edge":{"safetyTickMs":5}}""", Compact(Parse(NodeFile.With("""{ "edge": 7 }""", "node.json", "edge.safetyTickMs", "5"))));
        Assert.Equal("""{"edge":{"safetyTickMs":5}}""", Compact(Parse(NodeFile.With(null, "node.json", "edge.safetyTickMs", "5"))));
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{ \"port\": ")]
    [InlineData("{ \"port\": 1, \"port\": 2 }")]
    public void A_text_that_cannot_be_kept_is_not_changed(string old)
    {
        var fault = Assert.Throws<EdgeException>(() => NodeFile.With(old, "node.json", "port", "3"));

        Assert.Equal(ErrorCodes.ConfigInvalid, fault.Code);
        Assert.NotEmpty(fault.Fix);
    }

    [Theory]
    [InlineData("{ \"a\": \"// no comment\" }", false)]
    [InlineData("{ /* here */ }", true)]
    [InlineData("// first\n{}", true)]
    public void Comments_are_seen_and_texts_that_look_like_them_are_not(string text, bool comments)
    {
        Assert.Equal(comments, NodeFile.HasComments(text));
    }

    private static JsonElement Parse(string text)
    {
        Assert.EndsWith("}\n", text, StringComparison.Ordinal);
        return JsonDocument.Parse(text).RootElement;
    }

    private static string Compact(JsonElement element) => string.Concat(element.GetRawText().Where(c => !char.IsWhiteSpace(c)));
}
