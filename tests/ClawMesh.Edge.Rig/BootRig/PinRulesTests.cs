using ClawMesh.Edge.BootRig;

namespace ClawMesh.Edge.Rig.BootRig;

/// <summary>What the boot test calls an unsafe start. Levels: relay-1, relay-2, relay-x, relay-p, cut-off.</summary>
public sealed class PinRulesTests
{
    [Fact]
    public void A_board_that_was_left_energised_and_a_pad_that_rests_high_are_safe_once_the_node_has_claimed_them()
    {
        PinSample[] pins = [At(1, "01100"), At(2, "00100"), At(3, "00000")];

        Assert.Empty(PinRules.UnsafeStarts(pins, ready: Seconds(4), commanded: null));
        Assert.Equal((Seconds(2), Seconds(3)), (PinRules.Claim(pins), PinRules.AllSafe(pins)));
    }

    [Fact]
    public void An_output_that_is_energised_again_before_any_command_is_unsafe() =>
        Assert.NotEmpty(PinRules.UnsafeStarts([At(1, "01000"), At(2, "00000"), At(3, "00100")], ready: null, commanded: null));

    [Fact]
    public void An_output_that_is_not_low_when_the_node_answers_is_unsafe() =>
        Assert.NotEmpty(PinRules.UnsafeStarts([At(1, "01100"), At(5, "00100")], ready: Seconds(4), commanded: null));

    [Fact]
    public void An_output_that_cannot_be_read_when_the_node_answers_is_not_taken_for_safe() =>
        Assert.NotEmpty(PinRules.UnsafeStarts([At(1, "01000"), At(5, "00-00")], ready: Seconds(4), commanded: null));

    [Fact]
    public void What_a_command_energised_is_nobodys_fault() =>
        Assert.Empty(PinRules.UnsafeStarts([At(1, "00000"), At(5, "10100")], ready: Seconds(3), commanded: Seconds(4)));

    [Fact]
    public void A_guest_that_was_cut_before_its_node_ran_says_nothing() =>
        Assert.Empty(PinRules.UnsafeStarts([At(1, "01100"), At(2, "01100")], ready: null, commanded: null));

    private static PinSample At(int seconds, string levels) => new(Seconds(seconds), 0, levels);

    private static TimeSpan Seconds(int seconds) => TimeSpan.FromSeconds(seconds);
}
