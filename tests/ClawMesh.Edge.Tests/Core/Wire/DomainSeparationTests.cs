using System.Text.RegularExpressions;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.Tests.House;

namespace ClawMesh.Edge.Tests.Core.Wire;

/// <summary>One key signs for many purposes; nothing signed for one may pass for another.</summary>
public sealed partial class DomainSeparationTests
{
    [Fact]
    [Trait("spec", "X-1")]
    [Trait("spec", "X-82")]
    public void No_handshake_and_no_JSON_can_be_the_bytes_of_a_labelled_signature()
    {
        byte[] bytes = DomainSeparation.Bytes(DomainSeparation.CommandSignature);

        Assert.Equal([.. "clawmesh-edge/command/v1"u8, 0], bytes);
        Assert.NotEqual((byte)'{', bytes[0]);
        Assert.False(bytes.AsSpan().StartsWith("mesh.connect|"u8));
    }

    [Fact]
    [Trait("spec", "X-1")]
    public void A_byte_moved_from_one_part_to_the_next_gives_other_bytes() => Assert.NotEqual(
        DomainSeparation.Bytes("l", DomainSeparation.Text("ab"), DomainSeparation.Text("c")),
        DomainSeparation.Bytes("l", DomainSeparation.Text("a"), DomainSeparation.Text("bc")));

    [Fact]
    [Trait("spec", "X-2")]
    [Trait("spec", "X-82")]
    public void Each_label_stands_once_in_the_sources_and_has_the_prefix_of_all()
    {
        string[] labels = [.. Repository.CSharp("src").Concat(Repository.CSharp("hw")).SelectMany(f => Label().Matches(f.Text)).Select(m => m.Value)];

        Assert.Contains("\"clawmesh-edge/command/v1\"", labels);
        Assert.Equal(labels.Distinct(), labels);
    }

    [GeneratedRegex("\"clawmesh-edge/[a-z-]+/v1\"")]
    private static partial Regex Label();
}
