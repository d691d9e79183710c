using System.Globalization;
using System.Text;

namespace ClawMesh.Edge.Hardware.Inference;

/// <summary>The lengths of a tensor's axes as text.</summary>
internal static class ShapeText
{
    /// <param name="open">What stands for a length that is left open.</param>
    public static string Of(IReadOnlyList<int?> shape, string open, string between)
    {
        var text = new StringBuilder();
        foreach (int? length in shape)
        {
            if (text.Length > 0) text.Append(between);
            text.Append(length is { } n ? n.ToString(CultureInfo.InvariantCulture) : open);
        }

        return text.ToString();
    }
}
