using System.Text.Json;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Hardware.Identity;

public sealed class MeshIdentityTests : IDisposable
{
    private static readonly Guid Id = Guid.Parse("2f5df2af-c81b-4003-a83f-22a0ea7b8cec");
    private readonly ScratchDirectory _state = new();

    [Fact]
    [Trait("spec", "W-29")]
    public void Named_meshes_have_the_ids_of_the_classic_node()
    {
        foreach (JsonElement vector in GoldenData.Json("signing-vectors.json").GetProperty("meshNames").EnumerateArray())
            Assert.Equal(vector.Text("meshId"), MeshIdentity.OfName(vector.Text("name")));
    }

    [Fact]
    public void Names_are_trimmed_as_JavaScript_trims_them()
    {
        Assert.Equal(MeshIdentity.OfName("bhoomi"), MeshIdentity.OfName("\uFEFF\u00A0\tbhoomi\u2029\n"));
        Assert.NotEqual(MeshIdentity.OfName("bhoomi"), MeshIdentity.OfName("\u0085bhoomi"));
    }

    [Fact]
    [Trait("spec", "W-30")]
    public void An_unnamed_mesh_invents_its_id_once_and_keeps_it()
    {
        Assert.Null(MeshIdentity.TryLoad(_state.Path));

        string first = MeshIdentity.LoadOrCreate(_state.Path, () => Id);
        string second = MeshIdentity.LoadOrCreate(_state.Path, () => throw new InvalidOperationException("not needed"));

        Assert.Equal(Id.ToString("D"), first);
        Assert.Equal(first, second);
        Assert.Equal(first + "\n", File.ReadAllText(_state.At("mesh/mesh-id")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("\r\n  ")]
    public void White_space_after_the_id_does_not_matter(string after)
    {
        _state.Put("mesh/mesh-id", Id.ToString("D") + after);

        Assert.Equal(Id.ToString("D"), MeshIdentity.TryLoad(_state.Path));
    }

    [Theory]
    [InlineData("")]
    [InlineData("bhoomi\n")]
    public void A_file_without_a_UUID_is_reported_and_left_alone(string text)
    {
        string path = _state.Put("mesh/mesh-id", text);

        var fault = Assert.Throws<EdgeException>(() => MeshIdentity.LoadOrCreate(_state.Path, () => Id));

        Assert.Equal("mesh.id_unreadable", fault.Code);
        Assert.Equal(text, File.ReadAllText(path));
    }

    public void Dispose() => _state.Dispose();
}
