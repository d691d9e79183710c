using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Agent.Diag;

/// <summary>What one check found. A fail or a warning without a fix cannot be made: whoever reads it must know what to do next.</summary>
internal sealed record CheckOutcome
{
    private CheckOutcome(CheckStatus status, string summary, FailureClass? failureClass, string? fix)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(summary);
        if (status is CheckStatus.Fail or CheckStatus.Warn) ArgumentException.ThrowIfNullOrWhiteSpace(fix);
        (Status, Summary, FailureClass, Fix) = (status, summary, failureClass, fix);
    }

    public CheckStatus Status { get; }

    /// <summary>One line.</summary>
    public string Summary { get; }

    public FailureClass? FailureClass { get; }

    /// <summary>A next step the reader can take; never empty on a fail or a warning.</summary>
    public string? Fix { get; }

    /// <summary>Why, for a fail or a warning; more to know, otherwise.</summary>
    public IReadOnlyList<string> Details { get; private init; } = [];

    public IReadOnlyList<CheckValue> Values { get; private init; } = [];

    public static CheckOutcome Pass(string summary) => new(CheckStatus.Pass, summary, null, null);

    /// <param name="reason">Why it was not looked at.</param>
    public static CheckOutcome Skip(string reason) => new(CheckStatus.Skip, reason, null, null);

    public static CheckOutcome Warn(FailureClass failureClass, string summary, string fix) => new(CheckStatus.Warn, summary, failureClass, fix);

    public static CheckOutcome Fail(FailureClass failureClass, string summary, string fix) => new(CheckStatus.Fail, summary, failureClass, fix);

    public static CheckOutcome Fail(EdgeException fault) => Fail(fault.FailureClass, fault.What, fault.Fix).Because(fault.Why);

    public CheckOutcome Because(params IEnumerable<string> details) => this with { Details = [.. Details, .. details.Where(d => d.Length > 0)] };

    public CheckOutcome With(params IEnumerable<CheckValue> values) => this with { Values = [.. Values, .. values] };

    public CheckOutcome With(string name, string text) => With(new CheckValue(name, text));

    public CheckOutcome With(string name, double number) => With(new CheckValue(name, number));

    public CheckOutcome With(string name, bool flag) => With(new CheckValue(name, flag));
}
