namespace ClawMesh.Edge.Core.Capabilities;

/// <summary>Wildcard patterns over refs ([W-111]): segment by segment; <c>*</c> matches its segment and everything after it.</summary>
public static class CapabilityPattern
{
    public static bool Matches(string pattern, string reference)
    {
        string[] wanted = pattern.Split(':');
        string[] have = reference.Split(':');
        for (int i = 0; i < wanted.Length; i++)
        {
            if (i >= have.Length) return false;
            if (wanted[i] == "*") return true;
            if (wanted[i] != have[i]) return false;
        }

        return wanted.Length == have.Length;
    }
}
