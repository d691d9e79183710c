using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Agent.Diag;

/// <summary>One question to the machine. May block: each runs on a thread of its own until its deadline.</summary>
internal sealed record DiagCheck(string Group, string Name, Func<CancellationToken, Task<CheckOutcome>> Run)
{
    /// <summary>Long enough for a slow bus, short enough that the whole of <c>diag</c> stays under 5 s.</summary>
    public static readonly TimeSpan DefaultDeadline = TimeSpan.FromSeconds(2);

    public DiagCheck(string group, string name, Func<CheckOutcome> run)
        : this(group, name, _ => Task.FromResult(run()))
    {
    }

    public TimeSpan Deadline { get; init; } = DefaultDeadline;

    /// <summary>The class of a check that gave no answer in time.</summary>
    public FailureClass DeadlineClass { get; init; } = FailureClass.Infra;

    /// <summary>What it means that no answer came; null for the usual meaning, that something hangs.</summary>
    public Func<CheckOutcome>? OnDeadline { get; init; }
}

/// <summary>A check that was made.</summary>
internal sealed record CheckResult(string Group, string Name, CheckOutcome Outcome, TimeSpan Duration)
{
    public string Id => $"{Group}.{Name}";
}

/// <summary>The checks of one part of the node.</summary>
internal interface IDiagGroup
{
    string Name { get; }

    /// <summary>The checks that make sense here, in the order they are shown.</summary>
    Task<IReadOnlyList<DiagCheck>> ChecksAsync(DiagContext context, CancellationToken cancellationToken);
}
