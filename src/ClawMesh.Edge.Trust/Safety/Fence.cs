using ClawMesh.Edge.Core.Identity;

namespace ClawMesh.Edge.Trust.Safety;

/// <summary>The fence of one output ([X-48]): a number that only grows, and the lease of whoever holds it. Immutable.</summary>
/// <param name="Holder">A device id or an operator's name; empty for nobody.</param>
/// <param name="EndTimestamp">When the lease ends, on the monotonic clock.</param>
/// <param name="UntilMs">The same for people, on the wall clock.</param>
internal sealed record Fence(long Number, string Holder, long EndTimestamp, long UntilMs)
{
    public static readonly Fence None = new(0, "", 0, 0);

    public bool IsHeld(long timestamp) => Holder.Length > 0 && timestamp < EndTimestamp;

    /// <summary>The holder as logs and tables show it.</summary>
    public string HolderName => NodeId.IsWellFormed(Holder) ? new NodeId(Holder).Abbreviated : Holder;

    public string Told => $"fence {Number} is held by {HolderName} until {DateTimeOffset.FromUnixTimeMilliseconds(UntilMs):u}";
}
