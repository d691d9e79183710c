using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Jetson;

namespace ClawMesh.Edge.Agent.Diag;

/// <summary>What kind of Jetson this is, and what its software has been set to.</summary>
internal static class JetsonChecks
{
    private const string NotOne = "not a Jetson";

    public static CheckOutcome Module(JetsonFacts facts)
    {
        if (!facts.IsJetson) return CheckOutcome.Skip(NotOne);
        if (facts.Module is not { } module) return CheckOutcome.Skip("neither the device tree nor the boot configuration names the module").With("soc", facts.Soc ?? "");

        string on = module.Carrier is { } carrier ? $" on {carrier}" : "";
        CheckOutcome outcome = CheckOutcome
            .Pass($"{module.PartNumber} {module.Name ?? "(a part number this build does not know)"}{on}{(facts.Soc is { } soc ? $", {soc}" : "")}")
            .With("module", module.PartNumber).With("moduleName", module.Name ?? "").With("carrier", module.Carrier ?? "").With("soc", facts.Soc ?? "");
        return facts.ComputeCapability is { } compute ? outcome.With("computeCapability", compute) : outcome;
    }

    public static CheckOutcome Release(JetsonFacts facts)
    {
        const string Restore = "Install the package nvidia-l4t-core (`sudo apt install --reinstall nvidia-l4t-core`) or flash the board with a JetPack image; in a container, mount the host's file.";
        if (!facts.IsJetson) return CheckOutcome.Skip($"{NotOne}: no Tegra chip, no Tegra kernel, no /etc/nv_tegra_release");
        if (facts.ReleaseLine is not { } line)
        {
            return CheckOutcome.Fail(FailureClass.Config, "a Jetson without /etc/nv_tegra_release; its release is not known", Restore)
                .Because(facts.PackagedRelease is { } packaged ? $"dpkg has nvidia-l4t-core {packaged}" : "dpkg knows no nvidia-l4t-core either");
        }

        if (facts.Release is not { } release || facts.JetPack is not { } jetpack)
            return CheckOutcome.Warn(FailureClass.Config, "/etc/nv_tegra_release begins with a line this build does not understand", Restore).Because(line);

        string named = jetpack.Name is { } name ? $", JetPack {name}" : "";
        CheckOutcome outcome = jetpack.Newer
            ? CheckOutcome.Warn(FailureClass.Config, $"L4T {release.Text} is newer than this build knows", "Update clawmesh-edge; until then look through `clawmesh-edge diag io` before an output is used, for pins and paths may have moved.")
            : CheckOutcome.Pass($"L4T {release.Text}{(named.Length > 0 ? named : ", a release whose JetPack this build does not know")}");
        return outcome.Because(line).With("l4t", release.Text).With("jetpack", jetpack.Name ?? "");
    }

    public static CheckOutcome PowerMode(JetsonFacts facts)
    {
        if (!facts.IsJetson) return CheckOutcome.Skip(NotOne);
        PowerMode mode = facts.PowerMode;
        string standard = Named(mode, mode.DefaultId);
        string set = $"Set one with `sudo nvpmodel -m {mode.DefaultId ?? 0}`{(mode.Modes.Count > 0 ? $"; there are {string.Join(", ", mode.Modes.Select(m => $"{m.Id} {m.Name}"))}" : "")}.";
        if (mode.Status is null)
        {
            return mode.Modes.Count == 0
                ? CheckOutcome.Skip("there is neither /var/lib/nvpmodel/status nor /etc/nvpmodel.conf; this may be a container")
                : CheckOutcome.Warn(FailureClass.Power, "no power mode has been set since this board was flashed", $"See why with `systemctl status nvpmodel`. {set}").Because("there is no /var/lib/nvpmodel/status", $"the default is {standard}");
        }

        if (mode.Id is not { } id) return CheckOutcome.Fail(FailureClass.Power, "/var/lib/nvpmodel/status names no power mode", set).Because($"it says '{mode.Status}'");
        if (mode.Modes.Count > 0 && mode.NameOf(id) is null)
            return CheckOutcome.Fail(FailureClass.Power, $"the power mode is {id}, and /etc/nvpmodel.conf has no such mode", set).Because("the table belongs to another module, or an image was copied from another board");

        string text = Named(mode, id);
        string fan = facts.FanProfile is { } profile ? $"fan profile {profile}" : "";
        CheckOutcome outcome = mode.DefaultId is { } usual && usual != id
            ? CheckOutcome.Warn(FailureClass.Power, $"{text}; this board's default is {standard}", $"If that is not meant, go back with `sudo nvpmodel -m {usual}`; if it is, make it the default: PM_CONFIG DEFAULT={id} in /etc/nvpmodel.conf.")
            : CheckOutcome.Pass(text);
        outcome = outcome.Because(fan).With("powerMode", id).With("powerModeName", mode.NameOf(id) ?? "");
        return facts.FanProfile is { } named ? outcome.With("fanProfile", named) : outcome;
    }

    public static CheckOutcome BootSlots(JetsonFacts facts, string root)
    {
        if (!facts.IsJetson) return CheckOutcome.Skip(NotOne);
        IReadOnlyList<BootSlot> slots = BootSlot.Read(root);
        if (slots.Count == 0) return CheckOutcome.Skip("the firmware shows no slots to this user; `sudo nvbootctrl dump-slots-info` does");

        string states = string.Join(", ", slots.Select(s => $"slot {s.Name} {(s.IsNormal ? "normal" : s.IsUnbootable ? "unbootable" : $"in state {s.Status}")}{(s.Current == true ? " (running)" : "")}"));
        const string Fix = "Look with `sudo nvbootctrl dump-slots-info`; once this system runs well, `sudo nvbootctrl verify` marks its slot good, and an update writes the other one anew.";
        if (slots.FirstOrDefault(s => s.IsUnbootable && s.Current == true) is { } broken)
            return CheckOutcome.Fail(FailureClass.Storage, $"slot {broken.Name}, from which this system runs, is marked unbootable", Fix).Because(states, "the next start goes to the other slot or to recovery");
        return slots.All(s => s.IsNormal)
            ? CheckOutcome.Pass(states)
            : CheckOutcome.Warn(FailureClass.Storage, "a boot slot is not normal", Fix).Because(states, "there is nothing to fall back to when an update fails");
    }

    private static string Named(PowerMode mode, int? id) => id is null ? "not told" : mode.NameOf(id) is { } name ? $"{name} (mode {id})" : $"mode {id}";
}
