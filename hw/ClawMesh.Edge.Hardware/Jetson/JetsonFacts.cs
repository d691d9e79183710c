using ClawMesh.Edge.Hardware.Host;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Hardware.Jetson;

/// <summary>What kind of Jetson this is and what it has been set to. From files alone: no program is run, no serial number is read.</summary>
public sealed class JetsonFacts
{
    /// <summary>A Tegra chip, a Tegra kernel or NVIDIA's release file: any of them makes a Jetson.</summary>
    public bool IsJetson { get; private init; }

    /// <summary>For example <c>NVIDIA Jetson Orin Nano Developer Kit</c>.</summary>
    public string? Model { get; private init; }

    public JetsonModule? Module { get; private init; }

    /// <summary>For example <c>tegra234</c>.</summary>
    public string? Soc { get; private init; }

    /// <summary>The first line of the release file; null when there is none.</summary>
    public string? ReleaseLine { get; private init; }

    /// <summary>Null without a release file, or when its line has a form this build does not know.</summary>
    public L4tRelease? Release { get; private init; }

    /// <summary>What dpkg says is installed; looked up only when a Jetson has no release file.</summary>
    public string? PackagedRelease { get; private init; }

    public JetPack? JetPack { get; private init; }

    public PowerMode PowerMode { get; private init; } = new(null, null, null, []);

    /// <summary><c>FAN_DEFAULT_PROFILE</c> of <c>/etc/nvfancontrol.conf</c>, e.g. <c>quiet</c>.</summary>
    public string? FanProfile { get; private init; }

    /// <summary>CUDA compute capability of the integrated GPU (CUDA GPU compute capability table), e.g. <c>8.7</c>.</summary>
    public string? ComputeCapability => Soc switch
    {
        "tegra264" => "11.0",
        "tegra234" => "8.7",
        "tegra194" => "7.2",
        "tegra186" => "6.2",
        "tegra210" => "5.3",
        _ => null,
    };

    /// <summary>Never throws; what cannot be read is absent.</summary>
    /// <param name="root">Where the file system begins.</param>
    public static JetsonFacts Read(string root)
    {
        IReadOnlyList<string> compatibles = DeviceTree.Compatibles(root);
        string? soc = DeviceTree.Soc(compatibles);
        string? line = L4tRelease.FirstLine(root);
        string kernel = KernelFile.TryReadText(Path.Combine(root, "proc/sys/kernel/osrelease")) ?? HostKernel.Release;
        if (soc is null && line is null && !kernel.Contains("tegra", StringComparison.Ordinal)) return new JetsonFacts { Model = DeviceTree.Model(root) };

        L4tRelease? release = line is null ? null : L4tRelease.Parse(line);
        return new JetsonFacts
        {
            IsJetson = true,
            Model = DeviceTree.Model(root),
            Module = JetsonModule.Find(root, compatibles),
            Soc = soc,
            ReleaseLine = line,
            Release = release,
            PackagedRelease = line is null ? L4tRelease.OfPackage(root) : null,
            JetPack = release is null ? null : JetPack.Of(release),
            PowerMode = PowerMode.Read(root),
            FanProfile = ProfileOf(root),
        };
    }

    private static string? ProfileOf(string root)
    {
        const string Word = "FAN_DEFAULT_PROFILE";
        foreach (string line in (KernelFile.TryReadText(Path.Combine(root, "etc/nvfancontrol.conf")) ?? "").Split('\n'))
        {
            string text = line.Trim();
            if (text.StartsWith(Word, StringComparison.Ordinal) && text[Word.Length..].Trim() is { Length: > 0 } profile) return profile;
        }

        return null;
    }
}
