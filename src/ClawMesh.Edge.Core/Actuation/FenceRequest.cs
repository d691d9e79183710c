using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Core.Actuation;

/// <summary>Asks for the fence of an output ([X-48]).</summary>
/// <param name="TimeToLive">How long it is wanted from now; null gives it back.</param>
public sealed record FenceRequest(string TargetRef, TimeSpan? TimeToLive, Caller Caller)
{
    /// <summary>The longest lease of a fence.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(5);
}

/// <param name="Fence">The number commands carry as <c>edge.fence</c>; 0 when there never was one.</param>
/// <param name="ExpiresAtMs">When the lease ends, on this node's clock; 0 when nobody holds one.</param>
/// <param name="Refusal"><c>FENCE_HELD</c> with the other's <paramref name="ExpiresAtMs"/>, or why else not; null when granted or given back.</param>
public sealed record FenceAnswer(string TargetRef, long Fence, long ExpiresAtMs, Refusal? Refusal);
