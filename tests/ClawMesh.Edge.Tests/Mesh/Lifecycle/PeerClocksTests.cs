using ClawMesh.Edge.Mesh.Lifecycle;

namespace ClawMesh.Edge.Tests.Mesh.Lifecycle;

/// <summary>The arithmetic of: one peer's answers, and what several peers say together.</summary>
public sealed class PeerClocksTests
{
    [Fact]
    [Trait("spec", "X-37")]
    public void The_median_of_the_last_nine_answers_counts_and_slow_ones_do_not()
    {
        var samples = new ClockSamples();
        Assert.Null(samples.MedianMs);
        Assert.False(samples.Take(9_999, 0, TimeSpan.FromMilliseconds(501)));
        Assert.Null(samples.MedianMs);

        Assert.True(samples.Take(100, 0, TimeSpan.FromMilliseconds(500)));
        Assert.Equal(100, samples.MedianMs);
        samples.Take(300, 0, TimeSpan.Zero);
        Assert.Equal(200, samples.MedianMs);
        for (int i = 0; i < 4; i++) samples.Take(1_000_000, 0, TimeSpan.Zero);
        for (int i = 0; i < 3; i++) samples.Take(100, 0, TimeSpan.Zero);
        // Five of nine say about 100, the four in between do not matter.
        Assert.Equal(300, samples.MedianMs);
        samples.Take(150, 50, TimeSpan.Zero);
        samples.Take(150, 50, TimeSpan.Zero);
        Assert.Equal(100, samples.MedianMs);
    }

    [Fact]
    [Trait("spec", "X-33")]
    public void Three_questions_come_a_second_apart_and_the_next_ones_thirty()
    {
        var samples = new ClockSamples();
        for (int n = 1; n <= 3; n++)
        {
            Assert.False(samples.TryBegin(TimeSpan.FromMilliseconds(999), TimeSpan.FromSeconds(30)));
            Assert.True(samples.TryBegin(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30)));
            Assert.Equal(n, samples.Sent);
        }

        Assert.False(samples.TryBegin(TimeSpan.FromSeconds(29), TimeSpan.FromSeconds(30)));
        Assert.True(samples.TryBegin(TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(30)));
    }

    [Theory]
    [Trait("spec", "X-37")]
    [InlineData("", false, false)]
    [InlineData("0", false, false)]
    [InlineData("3600", false, false)]
    [InlineData("0 0", true, false)]
    [InlineData("10 -10", true, false)]
    [InlineData("0 3600", false, false)]
    [InlineData("3600 3600", false, true)]
    [InlineData("3600 -3600", false, false)]
    [InlineData("0 0 3600", true, false)]
    [InlineData("0 0 -9999999", true, false)]
    [InlineData("3600 3600 0", false, true)]
    [InlineData("-11 -12 0", false, true)]
    [InlineData("3600 -3600 0", false, false)]
    [InlineData("0 0 3600 3600", false, false)]
    [InlineData("3600 3600 3600 -3600", false, true)]
    public void More_than_half_of_at_least_two_confirm_or_contradict(string seconds, bool confirms, bool contradicts)
    {
        PeerClockVote vote = PeerClockVote.Of([.. seconds.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(s => TimeSpan.FromSeconds(double.Parse(s, System.Globalization.CultureInfo.InvariantCulture)))]);

        Assert.Equal((confirms, contradicts), (vote.Confirms, vote.Contradicts));
    }

    // Every pair of honest peers with the same clock, and a third that says anything at all.
    [Fact]
    [Trait("spec", "X-37")]
    public void No_word_of_one_peer_among_three_changes_what_the_two_others_say()
    {
        foreach (double honest in (double[])[0, 9, -9, 11, -11, 3600, -3600])
        {
            PeerClockVote without = PeerClockVote.Of([TimeSpan.FromSeconds(honest), TimeSpan.FromSeconds(honest)]);
            foreach (double lie in (double[])[0, 10, -10, 11, -11, 1e6, -1e6, 2e11, -6e10])
            {
                PeerClockVote with = PeerClockVote.Of([TimeSpan.FromSeconds(lie), TimeSpan.FromSeconds(honest), TimeSpan.FromSeconds(honest)]);
                Assert.Equal((without.Confirms, without.Contradicts, without.Median), (with.Confirms, with.Contradicts, with.Median));
            }
        }
    }
}
