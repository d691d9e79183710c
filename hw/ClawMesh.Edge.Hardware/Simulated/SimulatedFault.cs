using ClawMesh.Edge.Core.Sites;

namespace ClawMesh.Edge.Hardware.Simulated;

/// <summary>What can go wrong with one part of the simulated farm.</summary>
public enum SimulatedFaultKind
{
    None,

    /// <summary>Sensor: shows the same value for ever. Output: takes the command, and the plant stays where it was.</summary>
    Stuck,

    /// <summary>Sensor: answers without a number.</summary>
    NotANumber,

    /// <summary>Sensor: never answers.</summary>
    Silent,

    /// <summary>Sensor: its zero walks away, one percent of its range per simulated minute.</summary>
    Drift,

    /// <summary>Sensor: shows the top of its range.</summary>
    Rail,

    /// <summary>Sensor: answers after <see cref="SimulatedFault.Delay"/> on the node's clock.</summary>
    Slow,

    /// <summary>Output: the read-back contradicts the write.</summary>
    ReadBack,

    /// <summary>Output: a write blocks until the fault is cleared.</summary>
    Hang,

    /// <summary>Valve: passes some water even when it is shut.</summary>
    Leak,

    /// <summary>Valve: takes the command and reads back right, and no water passes.</summary>
    Clog,

    /// <summary>Pump: runs and gets no water.</summary>
    Dry,
}

/// <param name="Delay">Only for <see cref="SimulatedFaultKind.Slow"/>.</param>
public readonly record struct SimulatedFault(SimulatedFaultKind Kind, TimeSpan Delay = default)
{
    public static readonly TimeSpan DefaultDelay = TimeSpan.FromSeconds(5);

    public const string AllowedForSensors = "stuck, nan, silent, drift, rail, slow or slow:3s";
    public const string AllowedForOutputs = "stuck, readback, hang, leak, clog or dry";

    /// <summary>Reads the words of <c>faults.json</c>; null for a word that this kind of part does not know.</summary>
    /// <param name="reference">Begins with <c>sensor:</c> or <c>actuator:</c>, which decides what can go wrong.</param>
    public static SimulatedFault? Parse(string reference, string? word)
    {
        bool isSensor = reference.StartsWith("sensor:", StringComparison.Ordinal);
        if (isSensor && word is not null && word.StartsWith("slow:", StringComparison.Ordinal))
            return DurationText.TryParse(word["slow:".Length..], out TimeSpan delay) ? new SimulatedFault(SimulatedFaultKind.Slow, delay) : null;

        SimulatedFaultKind? kind = (isSensor, word) switch
        {
            (_, "stuck") => SimulatedFaultKind.Stuck,
            (true, "nan") => SimulatedFaultKind.NotANumber,
            (true, "silent") => SimulatedFaultKind.Silent,
            (true, "drift") => SimulatedFaultKind.Drift,
            (true, "rail") => SimulatedFaultKind.Rail,
            (true, "slow") => SimulatedFaultKind.Slow,
            (false, "readback") => SimulatedFaultKind.ReadBack,
            (false, "hang") => SimulatedFaultKind.Hang,
            (false, "leak") => SimulatedFaultKind.Leak,
            (false, "clog") => SimulatedFaultKind.Clog,
            (false, "dry") => SimulatedFaultKind.Dry,
            _ => null,
        };
        return kind is { } known ? new SimulatedFault(known, known == SimulatedFaultKind.Slow ? DefaultDelay : TimeSpan.Zero) : null;
    }
}
