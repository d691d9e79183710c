using System.Text.Json;

namespace ClawMesh.Edge.World.Planner;

public enum ProposalStatus
{
    Proposed,
    AwaitingApproval,
    Approved,
    Executing,
    Completed,
    Rejected,
    Failed,
}

/// <summary>What a planner may say: it asks, and expires. The members of [W-117], and what an Edge planner adds.</summary>
/// <param name="TaskId">A UUID.</param>
/// <param name="ExecutorDeviceId"><c>peerDeviceId</c> on the wire: who would carry it out; this node's own id for an output of its own.</param>
/// <param name="CreatedBy"><c>intelligence</c>, <c>operator</c> or <c>schedule</c>.</param>
/// <param name="TriggerFrameIds">Sensor evidence it rests on, at most five.</param>
/// <param name="Expectation">What the forecast says will come of it; compared with what is measured.</param>
public sealed record Proposal(
    string TaskId,
    string Summary,
    string Reasoning,
    string Zone,
    string TargetRef,
    string Operation,
    JsonElement? OperationParams,
    string ExecutorDeviceId,
    string PlannerDeviceId,
    string PlannerRole,
    ApprovalLevel Level,
    ProposalStatus Status,
    string CreatedBy,
    IReadOnlyList<string> TriggerFrameIds,
    DateTimeOffset CreatedAt,
    DateTimeOffset ExpiresAt,
    Expectation? Expectation)
{
    public DateTimeOffset? ResolvedAt { get; init; }

    public string? ResolvedBy { get; init; }

    public ProposalResult? Result { get; init; }

    /// <summary>Filled once the effect could be measured.</summary>
    public Comparison? Comparison { get; init; }
}

/// <param name="ForecastId">Of the <see cref="Forecasts.ZoneForecast"/> it was made from.</param>
/// <param name="AfterMinutes">When to look, minutes of the site after the effect began.</param>
/// <param name="WithoutPercent">Moisture expected then if nothing is done.</param>
/// <param name="WithPercent">Moisture expected then if it is carried out.</param>
public sealed record Expectation(string ForecastId, double NowPercent, int AfterMinutes, double WithoutPercent, double WithPercent, double LowPercent, double HighPercent);

public sealed record ProposalResult(bool Ok, string? Error, string? CommandId, string? Code)
{
    /// <summary>The executor's word: <c>done</c>, <c>refused</c>, <c>fault</c>, <c>effect_unconfirmed</c>, <c>pending</c>; <c>delivered</c> from a classic node; empty when nobody answered.</summary>
    public string Outcome { get; init; } = "";
}

/// <param name="ErrorPercent">Measured minus expected.</param>
/// <param name="Inside">The measured value lay between the forecast's low and high.</param>
public sealed record Comparison(DateTimeOffset At, double MeasuredPercent, double ExpectedPercent, double ErrorPercent, bool Inside);

/// <summary>Carries out what was approved. The gate of the executor judges it like any command.</summary>
public interface IProposalExecutor
{
    /// <summary>Returns when the executor has answered. A refusal is an answer.</summary>
    Task<ProposalResult> ExecuteAsync(Proposal proposal, ProposalApproval approval, CancellationToken cancellationToken);
}
