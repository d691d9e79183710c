using ClawMesh.Edge.Core.Identity;

namespace ClawMesh.Edge.Tests.Mesh;

/// <summary>Device ids that sort as their digits do.</summary>
internal static class Ids
{
    public static readonly NodeId A = Of('a');
    public static readonly NodeId B = Of('b');
    public static readonly NodeId C = Of('c');
    public static readonly NodeId D = Of('d');

    public static NodeId Of(char digit) => new(new string(digit, NodeId.Length));

    public static NodeId Number(int number) => new(number.ToString("x64", System.Globalization.CultureInfo.InvariantCulture));
}
