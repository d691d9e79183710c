namespace ClawMesh.Edge.Tests.Mesh.Transport;

internal static class Windows
{
    /// <summary>The most moments, given in ascending order, in any window of 60 s with both its ends.</summary>
    public static int Fullest(List<TimeSpan> moments)
    {
        int fullest = 0;
        int first = 0;
        for (int i = 0; i < moments.Count; i++)
        {
            while (moments[i] - moments[first] > TimeSpan.FromSeconds(60)) first++;
            fullest = Math.Max(fullest, i - first + 1);
        }

        return fullest;
    }
}
