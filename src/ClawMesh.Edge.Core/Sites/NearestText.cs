namespace ClawMesh.Edge.Core.Sites;

/// <summary>Finds the word somebody probably meant.</summary>
public static class NearestText
{
    /// <summary>The candidate with the fewest edits (Levenshtein, without case); the first of equals. Empty when there is none.</summary>
    public static string Find(string text, IReadOnlyList<string> candidates) =>
        candidates.MinBy(candidate => Distance(text.ToUpperInvariant(), candidate.ToUpperInvariant())) ?? "";

    private static int Distance(string a, string b)
    {
        var row = new int[b.Length + 1];
        for (int j = 0; j <= b.Length; j++) row[j] = j;
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int above = row[j];
                int replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                row[j] = Math.Min(replaced, 1 + Math.Min(above, row[j - 1]));
                diagonal = above;
            }
        }

        return row[b.Length];
    }
}
