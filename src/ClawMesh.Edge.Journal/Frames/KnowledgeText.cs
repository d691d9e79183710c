using System.Globalization;
using System.Text;
using ClawMesh.Edge.Core.Storage;

namespace ClawMesh.Edge.Journal.Frames;

/// <summary>Column <c>ranges</c>: gaps, void and lost numbers as <c>3-5,9|12|</c>.</summary>
internal static class KnowledgeText
{
    /// <summary>Gaps that are kept, the highest: as many as the mesh keeps of a life. One left out counts as seen, and is not asked for after a restart.</summary>
    public const int MaxGaps = 1_024;

    /// <summary>Void and lost ranges that are kept, the highest of each: they count as seen with or without being named.</summary>
    public const int MaxRanges = 256;

    public static string Format(SequenceKnowledge knowledge)
    {
        var text = new StringBuilder();
        Append(text, knowledge.Gaps, MaxGaps);
        Append(text.Append('|'), knowledge.Void, MaxRanges);
        Append(text.Append('|'), knowledge.Lost, MaxRanges);
        return text.ToString();
    }

    /// <summary>Null when the text was changed into something else.</summary>
    public static SequenceKnowledge? Parse(string origin, string epoch, long highest, string text)
    {
        string[] kinds = text.Split('|');
        if (kinds.Length != 3 || Ranges(kinds[0]) is not { } gaps || Ranges(kinds[1]) is not { } voided || Ranges(kinds[2]) is not { } lost) return null;
        return new SequenceKnowledge(origin, epoch, highest, gaps, voided, lost);
    }

    private static void Append(StringBuilder text, IReadOnlyList<SequenceRange> ranges, int kept)
    {
        int first = Math.Max(0, ranges.Count - kept);
        for (int i = first; i < ranges.Count; i++)
        {
            if (i > first) text.Append(',');
            text.Append(CultureInfo.InvariantCulture, $"{ranges[i].First}");
            if (ranges[i].Last != ranges[i].First) text.Append(CultureInfo.InvariantCulture, $"-{ranges[i].Last}");
        }
    }

    private static List<SequenceRange>? Ranges(string text)
    {
        var ranges = new List<SequenceRange>();
        if (text.Length == 0) return ranges;
        foreach (string range in text.Split(','))
        {
            int dash = range.IndexOf('-', StringComparison.Ordinal);
            string first = dash < 0 ? range : range[..dash];
            string last = dash < 0 ? range : range[(dash + 1)..];
            if (!Number(first, out long from) || !Number(last, out long to) || from > to) return null;
            ranges.Add(new SequenceRange(from, to));
        }

        return ranges;
    }

    private static bool Number(string text, out long number) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
