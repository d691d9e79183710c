using System.Text.Json;
using System.Text.Json.Serialization;
using ClawMesh.Edge.Core.Frames;

namespace ClawMesh.Edge.Core.Wire;

/// <summary>Source-generated JSON for the types of the wire. Absent members are left out, never null ([W-1]).</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ContextFrame))]
[JsonSerializable(typeof(IReadOnlyList<ContextFrame>))]
[JsonSerializable(typeof(JsonElement))]
public sealed partial class WireJson : JsonSerializerContext;
