using ClawMesh.Edge.Core.Capabilities;

namespace ClawMesh.Edge.Tests.Core.Capabilities;

public class CapabilityPatternTests
{
    [Theory]
    [Trait("spec", "W-111")]
    [InlineData("*", "actuator:valve:V1", true)]
    [InlineData("actuator:*", "actuator:valve:V1", true)]
    [InlineData("actuator:valve:*", "actuator:valve:V1", true)]
    [InlineData("actuator:valve:*", "actuator:valve:V1:pilot", true)]
    [InlineData("actuator:valve:V1", "actuator:valve:V1", true)]
    [InlineData("actuator:valve:*", "actuator:valve", false)]
    [InlineData("actuator:valve", "actuator:valve:V1", false)]
    [InlineData("actuator:valve:V1", "actuator:valve:V10", false)]
    [InlineData("actuator:valve:V1", "actuator:valve:v1", false)]
    [InlineData("actuator:pump:*", "actuator:valve:V1", false)]
    [InlineData("actuator:val*", "actuator:valve:V1", false)]
    [InlineData("actuator:valve:V1:*", "actuator:valve:V1", false)]
    [InlineData("", "actuator:valve:V1", false)]
    [InlineData("", "", true)]
    public void A_grant_covers_exactly_what_its_segments_say(string pattern, string reference, bool covers) =>
        Assert.Equal(covers, CapabilityPattern.Matches(pattern, reference));
}
