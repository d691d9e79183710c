namespace ClawMesh.Edge.Hardware.Simulated;

/// <summary>
/// A repeatable stream of chance (SplitMix64, Steele, Lea and Flood 2014). Each name has a stream of its own, so that using one sensor
/// more often does not shift what another one shows. Not thread-safe, not for secrets.
/// </summary>
public sealed class SeededStream(ulong seed, string name)
{
    private ulong _state = Mix(seed ^ Hash(name));

    /// <summary>Uniform in [0, 1).</summary>
    public double NextRatio()
    {
        _state += 0x9E37_79B9_7F4A_7C15;
        return (Mix(_state) >> 11) * (1.0 / (1UL << 53));
    }

    /// <summary>Normal with mean 0 and deviation 1 (Box and Muller; its second value is let go, so that each sample takes the same two draws).</summary>
    public double NextNormal()
    {
        double radius = Math.Sqrt(-2.0 * Math.Log(1.0 - NextRatio()));
        return radius * Math.Cos(2.0 * Math.PI * NextRatio());
    }

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9;
        z = (z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB;
        return z ^ (z >> 31);
    }

    // FNV-1a: string.GetHashCode differs between processes.
    private static ulong Hash(string text)
    {
        ulong hash = 0xCBF2_9CE4_8422_2325;
        foreach (char c in text) hash = (hash ^ c) * 0x0000_0100_0000_01B3;
        return hash;
    }
}
