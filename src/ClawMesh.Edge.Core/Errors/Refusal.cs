namespace ClawMesh.Edge.Core.Errors;

/// <summary>A "no" by design. A value, not an exception: it travels to the caller and into the journal.</summary>
/// <param name="Code">One of <see cref="GateCodes"/>, or a dotted local code such as <c>permit.expired</c>.</param>
/// <param name="Why">What was seen and what is allowed, without the code.</param>
/// <param name="Fix">What the person can do; empty where the wire has no room for it.</param>
public sealed record Refusal(string Code, string Why, string Fix = "")
{
    /// <summary>The text for callers that show only a message: it begins with the code ([W-66]).</summary>
    public string Message => $"{Code}: {Why}";

    public override string ToString() => Fix.Length == 0 ? Message : $"{Message} {Fix}";
}
