using System.Text.Json;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Core.Actuation;

[Trait("spec", "W-99")]
public class OperationsTests
{
    [Theory]
    [InlineData("open", 1.0)]
    [InlineData("start", 1.0)]
    [InlineData("on", 1.0)]
    [InlineData("enable", 1.0)]
    [InlineData("OPEN", 1.0)]
    [InlineData("Start", 1.0)]
    [InlineData("close", 0.0)]
    [InlineData("stop", 0.0)]
    [InlineData("off", 0.0)]
    [InlineData("disable", 0.0)]
    [InlineData("CLOSE", 0.0)]
    [InlineData("opened", null)]
    [InlineData(" open", null)]
    [InlineData("", null)]
    [InlineData("read", null)]
    [InlineData("toggle", null)]
    public void A_name_leads_to_its_state_or_to_none(string operation, double? ratio) =>
        Assert.Equal(ratio, Operations.Resolve(operation, null)?.Ratio);

    [Theory]
    [InlineData("""{"state":"active"}""", 1.0)]
    [InlineData("""{"state":"inactive"}""", 0.0)]
    [InlineData("""{"state":"0.25"}""", 0.25)]
    [InlineData("""{"value":0.25}""", 0.25)]
    [InlineData("""{"value":0}""", 0.0)]
    [InlineData("""{"value":1}""", 1.0)]
    [InlineData("""{"value":-0.0}""", 0.0)]
    [InlineData("""{"state":"active","value":0}""", 1.0)]
    [InlineData("""{"state":"half","value":0.5}""", null)]
    [InlineData("""{"state":5,"value":0.5}""", 0.5)]
    [InlineData("""{"state":"ACTIVE"}""", null)]
    [InlineData("""{"state":"\ud800"}""", null)]
    [InlineData("""{"value":1.0000001}""", null)]
    [InlineData("""{"value":-0.1}""", null)]
    [InlineData("""{"value":1e999}""", null)]
    [InlineData("""{"value":"0.5"}""", null)]
    [InlineData("""{"value":true}""", null)]
    [InlineData("""{}""", null)]
    [InlineData("""[]""", null)]
    [InlineData("null", null)]
    [InlineData("\"active\"", null)]
    public void Set_leads_to_the_state_in_its_parameters_or_to_none(string parameters, double? ratio) =>
        Assert.Equal(ratio, Operations.Resolve("Set", PermitDesk.Params(parameters))?.Ratio);

    [Fact]
    public void Set_without_parameters_leads_nowhere() => Assert.Null(Operations.Resolve("set", null));

    [Theory]
    [InlineData("""{"durationSec":30}""", 30.0)]
    [InlineData("""{"durationSec":0.25}""", 0.25)]
    [InlineData("""{"durationSec":604800}""", 604_800.0)]
    [InlineData("""{"durationSec":null}""", null)]
    [InlineData("""{"duration":30}""", null)]
    [InlineData("{}", null)]
    [InlineData("[30]", null)]
    public void A_duration_is_read_or_absent(string parameters, double? seconds)
    {
        Assert.True(Operations.TryDuration(PermitDesk.Params(parameters), out TimeSpan? duration));
        Assert.Equal(seconds, duration?.TotalSeconds);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-0.0")]
    [InlineData("-1")]
    [InlineData("604800.001")]
    [InlineData("1e999")]
    [InlineData("1e-12")]
    [InlineData("\"30\"")]
    [InlineData("true")]
    [InlineData("[30]")]
    public void A_duration_that_is_no_time_is_refused_and_not_taken_for_an_absent_one(string duration) =>
        Assert.False(Operations.TryDuration(PermitDesk.Params($$"""{"durationSec":{{duration}}}"""), out _));

    [Fact]
    public void No_parameters_ask_for_no_duration()
    {
        Assert.True(Operations.TryDuration(null, out TimeSpan? duration));
        Assert.Null(duration);
        Assert.True(Operations.TryDuration(default(JsonElement), out duration));
        Assert.Null(duration);
    }
}
