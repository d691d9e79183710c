using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;

namespace ClawMesh.Edge.Hardware.Identity;

/// <summary>What <see cref="DeviceIdentity.Inspect"/> found, without any key.</summary>
/// <param name="Exists">False when there is no file yet; the first start of the node makes it.</param>
/// <param name="DeviceId">Null when there is no usable file.</param>
/// <param name="CreatedAtMs">Milliseconds since the Unix epoch; 0 when not known.</param>
/// <param name="Correction">What the next start of the node will put right, or null.</param>
/// <param name="Fault">Why the file cannot be used, or null.</param>
public sealed record IdentityInspection(
    string FilePath, bool Exists, NodeId? DeviceId, long CreatedAtMs, string? Correction, IReadOnlyList<string> Warnings, EdgeException? Fault);
