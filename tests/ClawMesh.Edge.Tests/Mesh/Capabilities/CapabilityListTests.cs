using ClawMesh.Edge.Mesh.Capabilities;

namespace ClawMesh.Edge.Tests.Mesh.Capabilities;

public sealed class CapabilityListTests
{
    [Fact]
    [Trait("spec", "W-108")]
    [Trait("spec", "W-109")]
    public void What_is_no_capability_is_dropped_and_counted()
    {
        string longest = "x:" + new string('a', 126);
        string[] received = ["actuator:pump:P1", "", longest, longest + "a", "sensor:tür", "sensor:a\nb", "actuator:pump:P1", "llm:p/m-1"];

        IReadOnlyList<string> kept = CapabilityList.Sanitise(received, out int dropped);

        Assert.Equal(["actuator:pump:P1", longest, "llm:p/m-1"], kept);
        Assert.Equal(4, dropped);
    }

    [Fact]
    [Trait("spec", "W-109")]
    public void A_flood_is_cut_at_256_entries()
    {
        IReadOnlyList<string> kept = CapabilityList.Sanitise([.. Enumerable.Range(0, 1000).Select(i => $"sensor:s{i}")], out int dropped);

        Assert.Equal((256, 744, "sensor:s255"), (kept.Count, dropped, kept[^1]));
    }

    [Fact]
    [Trait("spec", "W-110")]
    public void Each_output_is_announced_by_its_exact_ref_and_its_two_segments_once()
    {
        IReadOnlyList<string> list = CapabilityList.Advertise(
            ["actuator:pump:P1", "actuator:pump:P2", "actuator:siren"], ["channel:clawmesh", "actuator:pump:P2"], ["sensor:rain", "sensor:air-temp:north"]);

        Assert.Equal(["actuator:pump:P1", "actuator:pump:P2", "actuator:siren", "channel:clawmesh", "sensor:rain", "sensor:air-temp:north", "actuator:pump"], list);
    }

    [Fact]
    [Trait("spec", "W-109")]
    [Trait("spec", "W-110")]
    public void No_output_is_cut_off_by_a_long_configured_list()
    {
        string[] outputs = [.. Enumerable.Range(0, 40).Select(i => $"actuator:relay:{i}")];

        IReadOnlyList<string> list = CapabilityList.Advertise(outputs, [.. Enumerable.Range(0, 256).Select(i => $"skill:{i}")], ["sensor:rain"]);

        Assert.Equal(256, list.Count);
        Assert.Empty(outputs.Except(list));
    }
}
