using System.Buffers;

namespace ClawMesh.Edge.Core.Identity;

/// <summary>A device id: SHA-256 of the raw Ed25519 public key as 64 lower-case hex digits ([W-17]).</summary>
public readonly record struct NodeId(string Value)
{
    public const int Length = 64;
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    public static bool IsWellFormed(string? text) =>
        text is { Length: Length } && !text.AsSpan().ContainsAnyExcept(HexDigits);

    /// <summary>The first twelve digits, the form in which logs and tables show a node.</summary>
    public string Abbreviated => Value.Length >= 12 ? Value[..12] : Value;

    public override string ToString() => Value;
}
