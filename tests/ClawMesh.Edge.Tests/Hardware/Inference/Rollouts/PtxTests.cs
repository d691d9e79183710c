using System.Security.Cryptography;
using System.Text;
using ClawMesh.Edge.Tests.House;

namespace ClawMesh.Edge.Tests.Hardware.Inference.Rollouts;

/// <summary>The image for the GPU is committed, and no test can make it anew; these keep it honest.</summary>
public sealed class PtxTests
{
    private const string Folder = "hw/ClawMesh.Edge.Hardware/Inference/Rollouts/Cuda";

    private static readonly string Ptx = Repository.Text($"{Folder}/rollout.ptx");

    [Fact]
    public void The_committed_image_was_made_from_the_committed_source()
    {
        string source = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Repository.Text($"{Folder}/rollout.cu"))));

        Assert.EndsWith($"// made from rollout.cu {source}\n", Ptx, StringComparison.Ordinal);
    }

    [Fact]
    public void The_image_computes_as_the_other_engines_do()
    {
        Assert.Contains("fma.rn.f32", Ptx, StringComparison.Ordinal);
        Assert.Contains("div.rn.f32", Ptx, StringComparison.Ordinal);
        // Neither small numbers taken for zero nor approximations, and no sums outside of registers.
        foreach (string unwanted in new[] { ".ftz", ".approx", ".local", "fma.rz" }) Assert.DoesNotContain(unwanted, Ptx, StringComparison.Ordinal);
    }

    [Fact]
    public void The_image_in_the_assembly_is_the_committed_one()
    {
        using Stream embedded = typeof(ClawMesh.Edge.Hardware.Inference.Rollouts.CudaRolloutEngine).Assembly.GetManifestResourceStream("inference/rollout.ptx")!;
        using var reader = new StreamReader(embedded);

        Assert.Equal(Ptx, reader.ReadToEnd());
    }
}
