namespace ClawMesh.Edge.Rig;

/// <summary>The reader of the console: what did not happen must not pass.</summary>
public sealed class RigConsoleTests
{
    private const string Script =
        """
        # a comment that says eq "nothing"
        eq "one" "$(level 3)" 1
          match "pin $n follows" "$text" 'x'
        """;

    [Fact]
    public void A_scenario_whose_checks_all_passed_has_no_problem() =>
        Assert.Empty(Problems("begin s", "ok s: one\r", "ok s: pin 7 follows", "end s 1.2"));

    [Fact]
    public void A_failed_check_is_a_problem_in_its_own_words() =>
        Assert.Equal(["not ok s: one: got '0', want '1'"], Problems("not ok s: one: got '0', want '1'", "ok s: pin 7 follows", "end s 1.2"));

    [Fact]
    public void A_check_that_was_never_reported_is_a_problem() =>
        Assert.Equal(["s: never reported: pin $n follows"], Problems("ok s: one", "ok other: pin 7 follows", "end s 1.2"));

    [Fact]
    public void A_scenario_that_did_not_end_is_a_problem() =>
        Assert.Equal(["s: did not end"], Problems("ok s: one", "ok s: pin 7 follows"));

    [Fact]
    public void A_script_without_checks_is_a_problem() =>
        Assert.Equal(["s: its script names no check"], new RigConsole(["end s 1"]).Problems("s", "true"));

    [Fact]
    public void Figures_are_read_with_their_unit() =>
        Assert.Equal([new Figure("tick-jitter", 1.25, "ms")], new RigConsole(["figure tick-jitter 1.25 ms", "figure broken"]).Figures);

    private static IReadOnlyList<string> Problems(params string[] lines) => new RigConsole(lines).Problems("s", Script);
}
