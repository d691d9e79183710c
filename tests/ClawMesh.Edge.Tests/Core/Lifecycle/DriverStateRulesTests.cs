using ClawMesh.Edge.Core.Lifecycle;

namespace ClawMesh.Edge.Tests.Core.Lifecycle;

public class DriverStateRulesTests
{
    // From each state, the states it may become; one row per state, all pairs that are not here are forbidden.
    private static readonly Dictionary<DriverState, string> Allowed = new()
    {
        [DriverState.Unconfigured] = "validated failed",
        [DriverState.Validated] = "probing blocked failed stopping",
        [DriverState.Probing] = "ready degraded blocked failed stopping",
        [DriverState.Ready] = "active degraded blocked failed stopping",
        [DriverState.Active] = "degraded blocked failed stopping",
        [DriverState.Degraded] = "active probing blocked failed stopping",
        [DriverState.Blocked] = "probing active failed stopping",
        [DriverState.Failed] = "probing stopping",
        [DriverState.Stopping] = "stopped failed stopping",
        [DriverState.Stopped] = "",
    };

    [Fact]
    public void The_life_of_a_driver_takes_these_steps_and_no_others()
    {
        foreach (DriverState from in Enum.GetValues<DriverState>())
        {
            foreach (DriverState to in Enum.GetValues<DriverState>())
            {
                bool allowed = Allowed[from].Split(' ').Contains(to.Word());
                Assert.True(allowed == from.MayBecome(to), $"{from.Word()} → {to.Word()} should be {(allowed ? "allowed" : "forbidden")}");
            }
        }
    }

    [Fact]
    public void Everything_that_has_started_can_be_stopped_and_nothing_leaves_stopped()
    {
        Assert.All(
            Enum.GetValues<DriverState>().Except([DriverState.Unconfigured, DriverState.Stopped]),
            state => Assert.True(state.MayBecome(DriverState.Stopping)));
        Assert.All(Enum.GetValues<DriverState>(), state => Assert.False(DriverState.Stopped.MayBecome(state)));
    }
}
