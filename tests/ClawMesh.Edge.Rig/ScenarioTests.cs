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
    public void Every_contract_case_of_a_part_holds_on_the_kernel() => rig.Expect("parts", PartCases.Script());

    [Fact]
    public void Sensors_of_every_bus_follow_the_world_and_say_why_they_stop() => rig.Expect("buses");

    [Fact]
    public void Relays_on_expanders_are_safe_in_their_registers_whatever_happens() => rig.Expect("relayboard");

    [Fact]
    public void A_wedged_driver_holds_up_nobody_else() => rig.Expect("wedged");

    [Fact]
    public void A_node_without_root_works_with_the_groups_of_its_udev_rules() => rig.Expect("permissions");

    [Fact]
    public void The_kernels_watchdog_is_fed_stopped_and_left_alone_as_it_should() => rig.Expect("watchdog");

    [Fact]
    public void The_guest_ends_in_order_and_its_kernel_did_not_complain() => rig.ExpectOrderlyEnd();

    [Fact]
    public void Every_scenario_has_a_test_here()
    {
        string here = File.ReadAllText(Path.Combine(RigRun.Root, "tests/ClawMesh.Edge.Rig/ScenarioTests.cs"));

        IEnumerable<string> forgotten = Directory.EnumerateFiles(Path.Combine(RigRun.Root, "tests/ClawMesh.Edge.Rig/scenarios"))
            .Select(Path.GetFileNameWithoutExtension).OfType<string>().Where(scenario => !here.Contains($"Expect(\"{scenario}\"", StringComparison.Ordinal));

        Assert.Empty(forgotten);
    }
}
