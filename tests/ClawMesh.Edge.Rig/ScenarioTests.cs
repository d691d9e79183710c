namespace ClawMesh.Edge.Rig;

/// <summary>
/// The published binary on a real kernel with emulated hardware. Each test stands for one script in <c>scenarios</c>, which holds the
/// checks; the machine boots once for all of them. Another scenario is another script and another line here.
/// </summary>
public sealed class ScenarioTests(RigRun rig)
{
    [Fact]
    public void The_bench_does_what_the_other_scenarios_take_for_granted() => rig.Expect("bench");

    [Fact]
    public void The_published_binary_runs_a_node_on_this_kernel() => rig.Expect("node");

    [Fact]
    public void Relays_valves_buttons_and_meters_work_on_the_kernels_gpio() => rig.Expect("gpio");

    [Fact]
    public void The_guest_ends_in_order_and_its_kernel_did_not_complain() => rig.ExpectOrderlyEnd();

    [Fact]
    public void Every_scenario_has_a_test_here()
    {
        string here = File.ReadAllText(Path.Combine(RigRun.Root, "tests/ClawMesh.Edge.Rig/ScenarioTests.cs"));

        IEnumerable<string> forgotten = Directory.EnumerateFiles(Path.Combine(RigRun.Root, "tests/ClawMesh.Edge.Rig/scenarios"))
            .Select(Path.GetFileNameWithoutExtension).OfType<string>().Where(scenario => !here.Contains($"Expect(\"{scenario}\")", StringComparison.Ordinal));

        Assert.Empty(forgotten);
    }
}
