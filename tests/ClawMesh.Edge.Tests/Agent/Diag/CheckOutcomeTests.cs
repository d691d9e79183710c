using ClawMesh.Edge.Agent.Diag;
using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Tests.Agent.Diag;

public sealed class CheckOutcomeTests
{
    [Theory]
    [InlineData("")]
    [InlineData("  ")]
    public void A_fail_or_a_warning_without_a_fix_cannot_be_made(string fix)
    {
        Assert.Throws<ArgumentException>(() => CheckOutcome.Fail(FailureClass.BusIo, "the pump is gone", fix));
        Assert.Throws<ArgumentException>(() => CheckOutcome.Warn(FailureClass.BusIo, "the pump is slow", fix));
        Assert.Throws<ArgumentNullException>(() => CheckOutcome.Fail(FailureClass.BusIo, "the pump is gone", null!));
    }

    [Fact]
    public void A_skip_without_a_reason_cannot_be_made() => Assert.Throws<ArgumentException>(() => CheckOutcome.Skip(""));

    [Fact]
    public void Details_and_values_add_up_and_empty_details_are_left_out()
    {
        CheckOutcome outcome = CheckOutcome.Pass("fine").Because("one", "").With("a", 1).Because("two").With("b", "x");

        Assert.Equal(["one", "two"], outcome.Details);
        Assert.Equal(["a", "b"], outcome.Values.Select(v => v.Name));
    }
}
