using ClawMesh.Edge.Core.World;

namespace ClawMesh.Edge.Tests.World.Season;

/// <summary>A net with what its numbers mean.</summary>
internal sealed record SoilModel(string Name, DynamicsNet Net, ModelManifest Manifest)
{
    /// <summary>The one that is shipped: <c>soil-water.net</c> and its manifest beside it.</summary>
    public static SoilModel Load(string folder)
    {
        using FileStream file = File.OpenRead(Path.Combine(folder, "soil-water.net"));
        ModelManifest manifest = ModelManifestReader.Read(File.ReadAllBytes(Path.Combine(folder, "soil-water.model.json")));
        return new SoilModel($"{manifest.Name} {manifest.Version}", DynamicsNet.Load(file), manifest);
    }
}
