namespace ClawMesh.Edge.Hardware.Jetson;

/// <summary>Which JetPack an L4T release belongs to.</summary>
/// <param name="Name">For example <c>6.2</c>; null when this build does not know the release.</param>
/// <param name="Newer">The release came after the newest of its line this build knows.</param>
public sealed record JetPack(string? Name, bool Newer)
{
    // NVIDIA's JetPack archive, R28 and later; EA, DP and GA are its words for early access, developer preview and general release.
    private const string Table =
        "39.2.0=7.2 GA;39.0.0=7.2 EA;38.4.0=7.1;38.2.2=7.0;38.2.1=7.0;38.2.0=7.0;36.5.0=6.2.2;36.4.7=6.2.1;36.4.4=6.2.1;" +
        "36.4.3=6.2;36.4.2=6.1 (rev1);36.4.0=6.1;36.3.0=6.0;36.2.0=6.0 DP;36.0.0=6.0 EA;35.6.4=5.1.6;35.6.3=5.1.5;35.6.2=5.1.5;" +
        "35.6.1=5.1.5;35.6.0=5.1.4;35.5.0=5.1.3;35.4.1=5.1.2;35.3.1=5.1.1;35.3.0=5.1.1 PRE;35.2.1=5.1;35.1.0=5.0.2 GA;" +
        "34.1.1=5.0.1 DP;34.1.0=5.0 DP;34.0.1=5.0 PRE-DP;32.7.6=4.6.6;32.7.5=4.6.5;32.7.4=4.6.4;32.7.3=4.6.3;32.7.2=4.6.2;" +
        "32.7.1=4.6.1;32.6.1=4.6;32.5.2=4.5.1;32.5.1=4.5.1;32.5.0=4.5;32.5=4.5;32.4.4=4.4.1;32.4.3=4.4;32.4.2=4.4 DP;" +
        "32.3.1=4.3;32.2.3=4.2.3;32.2.1=4.2.2;32.2.0=4.2.1;32.2=4.2.1;32.1.0=4.2;32.1=4.2;31.1.0=4.1.1;31.1=4.1.1;31.0.2=4.1;" +
        "31.0.1=4.0;28.4.0=3.3.3;28.2.1=3.3 | 3.2.1;28.2.0=3.2;28.2=3.2;28.1.0=3.1;28.1=3.1;";

    /// <summary>The exact release first, then the longest entry it continues: <c>32.5.9</c> finds <c>32.5</c>.</summary>
    public static JetPack Of(L4tRelease release)
    {
        Version asked = Version.Parse(release.Text);
        string? continued = null;
        int matched = 0;
        bool line = false;
        bool newestOfLine = true;
        bool newestOfAll = true;
        foreach (string entry in Table.Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = entry.IndexOf('=', StringComparison.Ordinal);
            string known = entry[..equals];
            if (known == release.Text) return new JetPack(entry[(equals + 1)..], Newer: false);
            if (known.Length > matched && release.Text.StartsWith(known + ".", StringComparison.Ordinal)) (continued, matched) = (entry[(equals + 1)..], known.Length);

            // A line such as R35 goes on after a later one has begun.
            var version = Version.Parse(known);
            line |= version.Major == asked.Major;
            newestOfLine &= version.Major != asked.Major || version < asked;
            newestOfAll &= version < asked;
        }

        bool newer = line ? newestOfLine : newestOfAll;
        return new JetPack(newer ? null : continued, newer);
    }
}
