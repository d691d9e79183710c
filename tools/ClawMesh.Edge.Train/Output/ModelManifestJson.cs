using System.Text.Json;
using System.Text.Json.Serialization;
using ClawMesh.Edge.Core.World;

namespace ClawMesh.Edge.Train.Output;

/// <summary>Writes manifests. The node reads them by hand (<see cref="ModelManifestReader"/>) and writes none.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(ModelManifest))]
internal sealed partial class ModelManifestJson : JsonSerializerContext;
