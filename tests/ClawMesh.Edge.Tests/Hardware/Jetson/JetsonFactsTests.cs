using ClawMesh.Edge.Hardware.Jetson;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Hardware.Jetson;

public sealed class JetsonFactsTests : IDisposable
{
    private readonly ScratchDirectory _root = new();

    public void Dispose() => _root.Dispose();

    [Theory]
    [InlineData("orin-nano", "p3767-0005", "p3768-0000", "tegra234", "36.4.3", "6.2", "25W", "quiet", "8.7")]
    [InlineData("agx-orin", "p3701-0005", "p3737-0000", "tegra234", "35.4.1", "5.1.2", "MODE_30W", "cool", "8.7")]
    [InlineData("xavier-nx", "p3668-0001", "p3509-0000", "tegra194", "35.3.1", "5.1.1", "MODE_15W_6CORE", "quiet", "7.2")]
    [InlineData("agx-xavier", "p2888-0004", "p2822-0000", "tegra194", "32.7.4", "4.6.4", "MODE_15W", null, "7.2")]
    [InlineData("tx2", "p3310-1000", "p2597-0000", "tegra186", "32.7.4", "4.6.4", "MAXP_CORE_ARM", null, "6.2")]
    [InlineData("nano", "p3448-0000", "p3449-0000", "tegra210", "32.7.1", "4.6.1", "MAXN", null, "5.3")]
    [InlineData("thor", "p3834-0008", "p4071-0000", "tegra264", "38.4.0", "7.1", "120W", "quiet", "11.0")]
    public void Each_family_is_known_from_its_files(string family, string module, string carrier, string soc, string l4t, string jetpack, string mode, string? fan, string compute)
    {
        JetsonTrees.Unpack(family, _root.Path);

        JetsonFacts facts = JetsonFacts.Read(_root.Path);

        Assert.True(facts.IsJetson);
        Assert.Equal(module, facts.Module!.PartNumber);
        Assert.NotNull(facts.Module.Name);
        Assert.Equal(carrier, facts.Module.Carrier);
        Assert.Equal(soc, facts.Soc);
        Assert.Equal(l4t, facts.Release!.Text);
        Assert.Equal(jetpack, facts.JetPack!.Name);
        Assert.Equal(mode, facts.PowerMode.NameOf(facts.PowerMode.Id));
        Assert.Equal(fan, facts.FanProfile);
        Assert.Equal(compute, facts.ComputeCapability);
    }

    [Theory]
    [InlineData("# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic, EABI: aarch64", "36.4.3")]
    [InlineData("# R32 (release), REVISION: 5.0, GCID: 25531747, BOARD: t186ref", "32.5.0")]
    [InlineData("# R28 (release), REVISION: 2.1, GCID: 11272647, BOARD: t186ref", "28.2.1")]
    // Made of the very characters that a careless trim of prefix and suffix would eat.
    [InlineData("# R35 (release), REVISION: 5.0, GCID: 1, BOARD: release (R)", "35.5.0")]
    [InlineData("#R36 (release), REVISION: 4.3, GCID: 1", null)]
    [InlineData("# R36 (release), REVISION: , GCID: 1", null)]
    [InlineData("# R36 (release), REVISION: 4.3", null)]
    [InlineData("# R36 (release), REVISION: 4..3, GCID: 1", null)]
    [InlineData("# R (release), REVISION: 4.3, GCID: 1", null)]
    [InlineData("# R36 (beta), REVISION: 4.3, GCID: 1", null)]
    [InlineData("", null)]
    public void The_release_line_is_taken_word_by_word(string line, string? release) => Assert.Equal(release, L4tRelease.Parse(line)?.Text);

    [Theory]
    [InlineData("36.4.3", "6.2", false)]
    [InlineData("35.3.0", "5.1.1 PRE", false)]
    // Between two releases this build knows.
    [InlineData("36.4.5", null, false)]
    [InlineData("36.6.0", null, true)]
    [InlineData("35.7.0", null, true)]
    [InlineData("40.1.0", null, true)]
    // R37 and R33 never came; the first release of a later line is known, so neither is newer than the table.
    [InlineData("37.1.0", null, false)]
    [InlineData("32.5.9", "4.5", false)]
    public void JetPack_is_looked_up_and_what_came_later_is_told_apart_from_what_is_unknown(string l4t, string? jetpack, bool newer)
    {
        JetPack found = JetPack.Of(new L4tRelease(int.Parse(l4t.Split('.')[0]), l4t));

        Assert.Equal(jetpack, found.Name);
        Assert.Equal(newer, found.Newer);
    }

    [Fact]
    public void Without_part_numbers_in_the_device_tree_the_boot_configuration_names_the_module()
    {
        _root.Put("proc/device-tree/compatible", "nvidia,custom\0nvidia,tegra234\0");
        _root.Put("etc/nv_boot_control.conf", "# comment\nTEGRA_CHIPID 0x23\nTNSPEC 3767-300-0000-A.3-1-1-some-carrier-\n");

        JetsonModule module = JetsonFacts.Read(_root.Path).Module!;

        Assert.Equal(("p3767-0000", "Jetson Orin NX 16 GB", null), (module.PartNumber, module.Name, module.Carrier));
    }

    [Fact]
    public void A_variant_this_build_does_not_know_keeps_its_number_and_has_no_name()
    {
        _root.Put("proc/device-tree/compatible", "nvidia,p3768-0000+p3767-0009\0nvidia,tegra234\0");

        JetsonModule module = JetsonFacts.Read(_root.Path).Module!;

        Assert.Equal("p3767-0009", module.PartNumber);
        Assert.Null(module.Name);
    }

    [Fact]
    public void The_carrier_p3509_is_not_taken_for_a_module()
    {
        _root.Put("proc/device-tree/compatible", "nvidia,tegra194\0");
        _root.Put("proc/device-tree/chosen/ids", "3509-0000-200 3668-0001-301\0");

        JetsonModule module = JetsonFacts.Read(_root.Path).Module!;

        Assert.Equal(("p3668-0001", "p3509-0000"), (module.PartNumber, module.Carrier));
    }

    [Fact]
    public void A_lost_release_file_is_replaced_by_what_dpkg_has_installed()
    {
        _root.Put("proc/sys/kernel/osrelease", "5.15.148-tegra\n");
        _root.Put("var/lib/dpkg/status", "Package: bash\nVersion: 5.1-6\n\nPackage: nvidia-l4t-core\nStatus: install ok installed\nVersion: 36.4.3-20250107174145\n\n");

        JetsonFacts facts = JetsonFacts.Read(_root.Path);

        Assert.True(facts.IsJetson);
        Assert.Null(facts.Release);
        Assert.Equal("36.4.3", facts.PackagedRelease);
    }

    [Fact]
    public void Another_machine_is_no_Jetson_and_nothing_is_told_of_it()
    {
        _root.Put("proc/device-tree/model", "Raspberry Pi 5 Model B Rev 1.0\0");
        _root.Put("proc/device-tree/compatible", "raspberrypi,5-model-b\0brcm,bcm2712\0");
        _root.Put("proc/sys/kernel/osrelease", "6.6.31-rpi\n");

        JetsonFacts facts = JetsonFacts.Read(_root.Path);

        Assert.False(facts.IsJetson);
        Assert.Equal("Raspberry Pi 5 Model B Rev 1.0", facts.Model);
        Assert.Null(facts.Module);
    }

    [Theory]
    [InlineData("pmode:0002", 2)]
    [InlineData("pmode:0008 fmode:quiet", 8)]
    [InlineData("fmode:quiet", null)]
    [InlineData("pmode:", null)]
    public void The_power_mode_is_the_number_after_its_word(string status, int? id)
    {
        _root.Put("var/lib/nvpmodel/status", status + "\n");

        Assert.Equal(id, PowerMode.Read(_root.Path).Id);
    }

    [Fact]
    public void Clocks_pinned_to_one_rate_are_told()
    {
        JetsonTrees.Unpack("orin-nano", _root.Path);
        bool? before = ClockState.Read(_root.Path).Pinned;
        foreach (string policy in (string[])["policy0", "policy4"]) _root.Put($"sys/devices/system/cpu/cpufreq/{policy}/scaling_min_freq", "1344000\n");
        _root.Put("sys/class/devfreq/17000000.gpu/min_freq", "918000000\n");

        Assert.False(before);
        Assert.True(ClockState.Read(_root.Path).Pinned);
    }
}
