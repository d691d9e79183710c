using ClawMesh.Edge.Core.Lifecycle;

namespace ClawMesh.Edge.Tests.Core.Lifecycle;

public class ReadinessTests
{
    [Theory]
    [InlineData("", ReadinessLevel.ActuationReady)]
    [InlineData("D", ReadinessLevel.NotReady)]
    [InlineData("S", ReadinessLevel.DriverGreen)]
    [InlineData("N", ReadinessLevel.SubsystemGreen)]
    [InlineData("A", ReadinessLevel.NodeGreen)]
    [InlineData("DA", ReadinessLevel.NotReady)]
    [InlineData("AN", ReadinessLevel.SubsystemGreen)]
    [InlineData("AS", ReadinessLevel.DriverGreen)]
    public void A_level_is_reached_when_its_evidence_and_that_of_all_levels_below_holds(string failing, ReadinessLevel level)
    {
        ReadinessEvidence[] evidence =
        [
            .. "ANSD".Select(letter => new ReadinessEvidence(Level(letter), $"{letter}", !failing.Contains(letter), "down")),
            .. "DSNA".Select(letter => new ReadinessEvidence(Level(letter), "other", true, "")),
        ];

        Assert.Equal(level, Readiness.From(evidence).Level);
    }

    [Fact]
    public void A_node_without_any_evidence_against_it_is_ready() => Assert.Equal(ReadinessLevel.ActuationReady, Readiness.From([]).Level);

    [Fact]
    public void What_is_missing_is_named_in_one_sentence()
    {
        Readiness readiness = Readiness.From(
        [
            new ReadinessEvidence(ReadinessLevel.DriverGreen, "sensor:flow:1", false, "no reading for 40 s"),
            new ReadinessEvidence(ReadinessLevel.NodeGreen, "clock", true, ""),
            new ReadinessEvidence(ReadinessLevel.ActuationReady, "journal", false, "the disk is full"),
        ]);

        Assert.Equal("sensor:flow:1: no reading for 40 s; journal: the disk is full", readiness.Missing);
        Assert.Equal("", Readiness.From([]).Missing);
    }

    [Fact]
    public void The_levels_have_the_words_of_the_documents()
    {
        Assert.Equal(
            ["not_ready", "driver_green", "subsystem_green", "node_green", "actuation_ready"],
            Enum.GetValues<ReadinessLevel>().Select(l => l.Word()));
    }

    private static ReadinessLevel Level(char letter) => letter switch
    {
        'D' => ReadinessLevel.DriverGreen,
        'S' => ReadinessLevel.SubsystemGreen,
        'N' => ReadinessLevel.NodeGreen,
        _ => ReadinessLevel.ActuationReady,
    };
}
