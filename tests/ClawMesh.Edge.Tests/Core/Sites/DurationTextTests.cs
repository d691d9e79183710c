using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Tests.Trust;
using FsCheck;
using FsCheck.Fluent;

namespace ClawMesh.Edge.Tests.Core.Sites;

public class DurationTextTests
{
    [Theory]
    [InlineData("20ms", 20)]
    [InlineData("90s", 90_000)]
    [InlineData("10m", 600_000)]
    [InlineData("1h30m", 5_400_000)]
    [InlineData("2d", 172_800_000)]
    [InlineData("1.5h", 5_400_000)]
    [InlineData("0.5s", 500)]
    [InlineData("1d2h3m4s5ms", 93_784_005)]
    [InlineData("400d", 34_560_000_000)]
    [InlineData("0h5m", 300_000)]
    public void A_duration_is_read_as_people_write_it(string text, double ms)
    {
        Assert.True(DurationText.TryParse(text, out TimeSpan duration));
        Assert.Equal(ms, duration.TotalMilliseconds, 6);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("90")]
    [InlineData("s")]
    [InlineData("-5s")]
    [InlineData("+5s")]
    [InlineData("0s")]
    [InlineData("0.00001ms")]
    [InlineData("401d")]
    [InlineData("5 s")]
    [InlineData(" 5s")]
    [InlineData("5s ")]
    [InlineData("5sec")]
    [InlineData("5S")]
    [InlineData("30m1h")]
    [InlineData("5m5m")]
    [InlineData("5ms1s")]
    [InlineData("1h30")]
    [InlineData("1..5s")]
    [InlineData(".s")]
    [InlineData("1e3s")]
    [InlineData("1,5s")]
    [InlineData("∞s")]
    [InlineData("99999999999999999999999999999d")]
    public void What_is_no_positive_duration_is_refused(string? text)
    {
        Assert.False(DurationText.TryParse(text, out TimeSpan duration));
        Assert.True(duration <= TimeSpan.FromDays(400));
    }

    [Theory]
    [InlineData(0, "0s")]
    [InlineData(0.4, "0s")]
    [InlineData(5, "5ms")]
    [InlineData(90_000, "1m30s")]
    [InlineData(3_600_000, "1h")]
    [InlineData(93_784_005, "1d2h3m4s5ms")]
    public void A_duration_is_written_in_whole_units(double ms, string text) =>
        Assert.Equal(text, DurationText.Format(TimeSpan.FromMilliseconds(ms)));

    [Fact]
    public void Every_whole_number_of_milliseconds_reads_back_from_its_text()
    {
        Gen<long> lengths = Gen.Choose(1, int.MaxValue).Zip(Gen.Choose(1, 16)).Select(p => (long)p.Item1 * p.Item2).Where(ms => ms <= 400L * 86_400_000);

        ForAll.Cases(lengths, 1000, ms =>
        {
            Assert.True(DurationText.TryParse(DurationText.Format(TimeSpan.FromMilliseconds(ms)), out TimeSpan again));
            Assert.Equal(ms, (long)again.TotalMilliseconds);
        });
    }
}
