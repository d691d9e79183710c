using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Tests.Trust;
using FsCheck;
using FsCheck.Fluent;

namespace ClawMesh.Edge.Tests.Core.Actuation;

public class OutputValueTests
{
    [Theory]
    [InlineData(-0.0000001)]
    [InlineData(1.0000001)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    public void A_value_outside_0_to_1_cannot_exist(double ratio) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new OutputValue(ratio));

    [Theory]
    [InlineData(0.0, "inactive")]
    [InlineData(1.0, "active")]
    [InlineData(0.5, "0.5")]
    [InlineData(0.35, "0.35")]
    public void The_two_ends_have_words_and_the_rest_is_a_number(double ratio, string text) =>
        Assert.Equal(text, new OutputValue(ratio).ToString());

    [Theory]
    [InlineData("inactive", 0.0)]
    [InlineData("active", 1.0)]
    [InlineData("0", 0.0)]
    [InlineData("1", 1.0)]
    [InlineData("0.5", 0.5)]
    [InlineData(".5", 0.5)]
    [InlineData("0,5", null)]
    [InlineData("-0.5", null)]
    [InlineData("1.5", null)]
    [InlineData("NaN", null)]
    [InlineData("Infinity", null)]
    [InlineData("Active", null)]
    [InlineData(" active", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void Text_is_read_strictly(string? text, double? ratio) => Assert.Equal(ratio, OutputValue.Parse(text)?.Ratio);

    [Fact]
    public void Every_value_reads_back_from_its_text()
    {
        // Used to be cut to three digits, so that a duty of 0.0004 stood in the journal as 0.
        Gen<double> ratios = Gen.OneOf(
            Gen.Choose(0, int.MaxValue).Select(i => (double)i / int.MaxValue),
            Gen.Choose(0, 1000).Select(i => i / 1000.0),
            Gen.Choose(0, 300).Select(i => Math.Pow(10, -i)),
            Gen.Elements(double.Epsilon, 1 - double.Epsilon, Math.BitDecrement(1.0), 0.0004, 0.9996));

        ForAll.Cases(ratios, 1000, ratio => Assert.Equal(ratio, OutputValue.Parse(new OutputValue(ratio).ToString())?.Ratio));
    }

    [Fact]
    public void A_range_includes_both_its_ends()
    {
        var range = new OutputRange(new OutputValue(0.25), new OutputValue(0.5));

        Assert.True(range.Contains(new OutputValue(0.25)));
        Assert.True(range.Contains(new OutputValue(0.5)));
        Assert.False(range.Contains(new OutputValue(Math.BitDecrement(0.25))));
        Assert.False(range.Contains(new OutputValue(Math.BitIncrement(0.5))));
        Assert.Equal("0.25..0.5", range.ToString());
        Assert.Equal("active", OutputRange.Exactly(OutputValue.Active).ToString());
    }
}
