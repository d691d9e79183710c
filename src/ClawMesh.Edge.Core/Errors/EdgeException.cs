namespace ClawMesh.Edge.Core.Errors;

/// <summary>
/// A fault: the world misbehaves. Whoever owns the loop catches it once, reports it once and carries on or degrades.
/// The four texts travel unchanged to the terminal and to <c>--json</c>.
/// </summary>
public sealed class EdgeException : Exception
{
    public EdgeException(string code, string what, string why, string fix, FailureClass failureClass = FailureClass.Infra, Exception? inner = null)
        : base($"{what} {why} {fix}", inner)
    {
        (Code, What, Why, Fix, FailureClass) = (code, what, why, fix, failureClass);
    }

    /// <summary>Dotted and lower case for local faults (<c>gpio.line_busy</c>), UPPER_SNAKE for words of the wire.</summary>
    public string Code { get; }

    /// <summary>What did not happen, with the name the user gave the thing.</summary>
    public string What { get; }

    /// <summary>The value seen and the value allowed.</summary>
    public string Why { get; }

    /// <summary>A next step the reader can take.</summary>
    public string Fix { get; }

    public FailureClass FailureClass { get; }

    /// <summary>Leads to what the node noted about it; null for a fault that left nothing anywhere.</summary>
    public string? Trace { get; set; }
}
