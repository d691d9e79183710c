using System.Globalization;
using System.Text;

namespace ClawMesh.Edge.Core.Wire;

/// <summary>Text from elsewhere, made fit for a terminal and a log: no control characters, bounded.</summary>
public static class PlainText
{
    /// <summary>Whether a character is something a reader sees, and nothing that hides, turns round or breaks what stands beside it.</summary>
    public static bool Shows(Rune rune) => Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
        or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);

    /// <summary>The text itself when a reader sees all of it; otherwise with a blank for each character that does not show.</summary>
    /// <param name="max">Characters; a longer text is cut and ends in an ellipsis.</param>
    public static string Visible(string text, int max)
    {
        bool asItIs = text.Length <= max;
        if (asItIs)
        {
            foreach (Rune rune in text.EnumerateRunes()) asItIs &= Shows(rune);
        }

        if (asItIs) return text;
        var kept = new StringBuilder(Math.Min(text.Length, max) + 1);
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (kept.Length + rune.Utf16SequenceLength > max)
            {
                kept.Append('…');
                break;
            }

            if (Shows(rune)) kept.Append(rune.ToString());
            else kept.Append(' ');
        }

        return kept.ToString();
    }

    /// <param name="max">Characters; a longer text is cut and ends in an ellipsis.</param>
    public static string Of(string text, int max)
    {
        bool cut = text.Length > max;
        ReadOnlySpan<char> kept = cut ? text.AsSpan(0, max) : text;
        // Half of a pair at the cut would be no text.
        if (cut && char.IsHighSurrogate(kept[^1])) kept = kept[..^1];
        int clean = 0;
        while (clean < kept.Length && !char.IsControl(kept[clean])) clean++;
        if (clean == kept.Length) return cut ? string.Concat(kept, "…") : text;
        return string.Create(kept.Length + (cut ? 1 : 0), kept, static (to, from) =>
        {
            for (int i = 0; i < from.Length; i++) to[i] = char.IsControl(from[i]) ? ' ' : from[i];
            if (to.Length > from.Length) to[^1] = '…';
        });
    }
}
