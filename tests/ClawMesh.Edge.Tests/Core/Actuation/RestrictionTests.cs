using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Tests.Trust;
using FsCheck;
using FsCheck.Fluent;

namespace ClawMesh.Edge.Tests.Core.Actuation;

/// <summary>A restriction takes away; there is none that gives.</summary>
public class RestrictionTests
{
    private static Gen<TimeSpan> Spans => Gen.OneOf(
        Gen.Choose(-100, 100_000).Select(ms => TimeSpan.FromMilliseconds(ms)),
        Gen.Elements(TimeSpan.MinValue, TimeSpan.MaxValue, TimeSpan.Zero, TimeSpan.FromTicks(1), TimeSpan.FromTicks(-1)));

    private static Gen<OutputRange> Ranges =>
        from one in Gen.Choose(0, 20)
        from other in Gen.Choose(0, 20)
        // An upside-down range is a mistake somebody may make; it must not become leave.
        from ordered in ForAll.OneIn(5).Select(wrong => !wrong)
        select ordered
            ? new OutputRange(new OutputValue(Math.Min(one, other) / 20.0), new OutputValue(Math.Max(one, other) / 20.0))
            : new OutputRange(new OutputValue(one / 20.0), new OutputValue(other / 20.0));

    internal static Gen<Restriction> Restrictions => Gen.OneOf(
        Gen.Constant(Restriction.None),
        Gen.Constant(Restriction.Cancel("forecast t: no.")),
        Spans.Select(longest => Restriction.AtMost(longest, "forecast t: shorter.")),
        Ranges.Select(range => Restriction.Within(range, "forecast t: less.")));

    [Fact]
    public void Whatever_a_restriction_says_no_more_is_left_than_was_allowed()
    {
        Gen<(Restriction Restriction, TimeSpan Lease, OutputRange Range)> cases =
            from restriction in Restrictions
            from lease in Gen.Choose(1, 100_000)
            from range in Ranges
            where range.Min.Ratio <= range.Max.Ratio
            select (restriction, TimeSpan.FromMilliseconds(lease), range);

        ForAll.Cases(cases, 5_000, c =>
        {
            ActuationTerms? left = c.Restriction.Apply(new ActuationTerms(c.Lease, c.Range));

            if (c.Restriction.IsNone) Assert.Equal(new ActuationTerms(c.Lease, c.Range), left);
            if (left is not { } terms) return;
            Assert.True(terms.Lease > TimeSpan.Zero && terms.Lease <= c.Lease);
            Assert.True(c.Range.Contains(terms.Range.Min) && c.Range.Contains(terms.Range.Max) && terms.Range.Min.Ratio <= terms.Range.Max.Ratio);
            // Applied twice it takes nothing more.
            Assert.Equal(terms, c.Restriction.Apply(terms));
        });
    }

    [Fact]
    public void A_longer_time_and_a_wider_range_change_nothing()
    {
        var allowed = new ActuationTerms(TimeSpan.FromSeconds(30), new OutputRange(new OutputValue(0.2), new OutputValue(0.6)));

        Assert.Equal(allowed, Restriction.AtMost(TimeSpan.FromSeconds(31), "r").Apply(allowed));
        Assert.Equal(allowed, Restriction.Within(new OutputRange(OutputValue.Inactive, OutputValue.Active), "r").Apply(allowed));
        Assert.Equal(TimeSpan.FromSeconds(29), Restriction.AtMost(TimeSpan.FromSeconds(29), "r").Apply(allowed)!.Value.Lease);
        Assert.Equal(0.5, Restriction.Within(new OutputRange(OutputValue.Inactive, new OutputValue(0.5)), "r").Apply(allowed)!.Value.Range.Max.Ratio);
    }

    [Fact]
    public void A_value_outside_of_the_range_is_cancelled_and_not_moved_inside()
    {
        var allowed = new ActuationTerms(TimeSpan.FromSeconds(30), OutputRange.Exactly(new OutputValue(0.8)));

        Assert.Null(Restriction.Within(new OutputRange(OutputValue.Inactive, new OutputValue(0.5)), "r").Apply(allowed));
        Assert.Null(Restriction.AtMost(TimeSpan.Zero, "r").Apply(allowed));
        Assert.Null(Restriction.Cancel("r").Apply(allowed));
    }
}
