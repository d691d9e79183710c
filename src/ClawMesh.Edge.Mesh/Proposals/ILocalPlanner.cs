using System.Text.Json;
using ClawMesh.Edge.Core.Rpc;

namespace ClawMesh.Edge.Mesh.Proposals;

/// <summary>Words about planners ([W-124]).</summary>
public static class PlannerErrorCodes
{
    public const string NoPlanner = "NO_PLANNER";
    public const string NotFound = "NOT_FOUND";
    public const string RemotePlannerError = "REMOTE_PLANNER_ERROR";
}

public enum ProposalDecision
{
    Approve,
    Reject,

    /// <summary>Somebody at the site agrees to what was approved at level L3; an Edge word beside the wire's two.</summary>
    Confirm,
}

/// <summary>The planner of this node, as the mesh sees it.</summary>
public interface ILocalPlanner
{
    /// <summary>Carries a decision out and returns a writer of the proposal as it is then, one object.</summary>
    /// <exception cref="RpcRefusalException"><c>NOT_FOUND</c>: nothing of that id waits here; <c>NOT_AUTHORIZED</c>: a confirmation not from the site.</exception>
    Task<Action<Utf8JsonWriter>> DecideAsync(ProposalDecision decision, string taskId, RpcCaller caller, string? reason, CancellationToken cancellationToken);

    /// <summary>Writers of the members of each proposal that is open; told to a peer that has just connected.</summary>
    IReadOnlyList<Action<Utf8JsonWriter>> Open { get; }
}
