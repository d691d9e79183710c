using System.Text.Json;
using ClawMesh.Edge.Agent.Cli;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Rpc;
using ClawMesh.Edge.Mesh;
using ClawMesh.Edge.Mesh.Proposals;
using ClawMesh.Edge.Mesh.Sessions;
using ClawMesh.Edge.World.Planner;
using ClawMesh.Edge.World.Planner.Book;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>
/// <c>edge.proposals</c>, for those who may read, and <c>edge.approve</c>, for operators: a decision about a proposal of this node or of a
/// connected planner. It goes to the planner that made it, waits for what comes of it, and takes the first digits of an id.
/// </summary>
internal sealed class ProposalMethods(MeshNode mesh, TimeProvider time)
{
    /// <summary>As many digits name a proposal, when only one begins with them.</summary>
    public const int MinPrefix = 6;

    private const int FullId = 32;
    private static readonly TimeSpan OutcomeLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    private ProposalDesk? Desk => mesh.Proposals.Planner as ProposalDesk;

    public static void Register(RpcDispatcher rpc, MeshNode mesh, TimeProvider time, Func<RpcCaller, bool> readers)
    {
        var methods = new ProposalMethods(mesh, time);
        var views = new ProposalViews(mesh, time);
        rpc.Add("edge.proposals", readers, (p, _, _) => Task.FromResult<Action<Utf8JsonWriter>>(w => views.Write(w, RpcParams.Member(p, "all") is { ValueKind: JsonValueKind.True })));
        rpc.Add("edge.approve", c => c.Tier == RpcTier.Operator, methods.DecideAsync);
    }

    private async Task<Action<Utf8JsonWriter>> DecideAsync(JsonElement p, RpcCaller caller, CancellationToken cancellationToken)
    {
        ProposalDecision decision = RpcParams.Required(p, "decision") switch
        {
            "approve" => ProposalDecision.Approve,
            "reject" => ProposalDecision.Reject,
            "confirm" => ProposalDecision.Confirm,
            _ => throw No(GateCodes.InvalidParams, "decision must be approve, reject or confirm", "Use `clawmesh-edge approve` or `reject`."),
        };
        string taskId = Find(RpcParams.Required(p, "taskId"));
        string? reason = RpcParams.Text(p, "reason");
        HeardProposal? heard = mesh.Proposals.Heard.Find(taskId);
        if (decision == ProposalDecision.Confirm) RequireHere(caller, heard);
        // What nobody told and nobody else leads for is this planner's to deny: after a restart it knows none of its proposals.
        bool own = Desk is { } desk && (desk.Book.Find(taskId) is not null || (heard is null && mesh.Leader.Kind != Mesh.Election.Leader.Peer));
        JsonElement decided;
        try
        {
            decided = own
                ? JsonMembers.Element(await Desk!.DecideAsync(decision, taskId, caller, reason, cancellationToken))
                : Proposal(await AskAsync(heard, decision, taskId, reason));
        }
        catch (RpcRefusalException refusal)
        {
            throw No(refusal.Code, refusal.Message + (own ? "" : mesh.Proposals.HandOff(taskId)), FixOf(refusal.Code));
        }

        if (decision != ProposalDecision.Reject) decided = await OutcomeAsync(taskId, own, decided, cancellationToken);
        string planner = own ? mesh.Self.Value : decided.Text("plannerDeviceId");
        return w =>
        {
            w.WriteStartObject();
            w.WriteString("planner", planner);
            w.WritePropertyName("proposal");
            decided.WriteTo(w);
            w.WriteEndObject();
        };
    }

    // To the planner that made it; else to the one that leads, which may know it.
    private Task<CallResult> AskAsync(HeardProposal? heard, ProposalDecision decision, string taskId, string? reason) =>
        heard is not null && mesh.SessionOf(heard.Planner) is not null
            ? mesh.Proposals.AskAsync(heard.Planner, decision, taskId, reason)
            : mesh.Proposals.AskLeaderAsync(decision, taskId, reason);

    private static JsonElement Proposal(CallResult result) => result.Ok
        ? result.Payload.Member("proposal")
        : throw new RpcRefusalException(ProposalExchange.CodeOf(result), result.Message.Length > 0 ? result.Message : result.Code);

    // The site of an output is where its node is, and somebody is there who speaks to it over its own socket.
    private void RequireHere(RpcCaller caller, HeardProposal? heard)
    {
        if (caller is not { OnLoopback: true, Connection: null }) throw No(GateCodes.NotAuthorized, "this is confirmed at the site, by an operator on the node's own machine", "Run `clawmesh-edge approve ID --confirm` there.");
        if (heard is not null && heard.Executor != mesh.Self.Value) throw No(GateCodes.NotAuthorized, $"it is carried out by another node, {Short(heard.Executor)}", "Confirm it on that node.");
    }

    private async Task<JsonElement> OutcomeAsync(string taskId, bool own, JsonElement decided, CancellationToken cancellationToken)
    {
        long began = time.GetTimestamp();
        while (true)
        {
            if (own && Desk!.Book.Find(taskId) is { } proposal)
            {
                decided = JsonMembers.Element(w => ProposalDesk.Write(w, proposal));
            }
            else if (!own && mesh.Proposals.Heard.Find(taskId) is { IsOver: true } over)
            {
                using JsonDocument document = JsonDocument.Parse(over.Utf8);
                decided = document.RootElement.Clone();
            }

            // A level L3 waits for a person, who may take longer than anybody waits here.
            if (decided.Text("status") is "completed" or "failed" or "rejected" || (decided.Text("approvalLevel") == "L3" && decided.Text("status") == "approved")) return decided;
            if (time.GetElapsedTime(began) >= OutcomeLimit) return decided;
            await Task.Delay(Look, time, cancellationToken);
        }
    }

    /// <exception cref="EdgeException"><c>NOT_FOUND</c>; <c>INVALID_PARAMS</c>: several begin so, or the digits are too few.</exception>
    private string Find(string text)
    {
        // `status` shows eight digits and three dots.
        text = text.Trim().TrimEnd('.', '…').ToLowerInvariant();
        var fitting = new List<string>();
        foreach (Proposal p in Desk?.Book.All ?? []) Add(p.TaskId);
        foreach (HeardProposal heard in mesh.Proposals.Heard.All) Add(heard.TaskId);
        if (fitting.Contains(text)) return text;
        if (text.Length < MinPrefix) throw No(GateCodes.InvalidParams, $"'{text}' is shorter than {MinPrefix} digits", "Give more digits of the proposal's id.");
        return fitting.Count switch
        {
            1 => fitting[0],
            0 when text.Length >= FullId => text,
            0 when Desk is null && mesh.Leader.Kind != Mesh.Election.Leader.Peer => throw No(PlannerErrorCodes.NoPlanner, "this node has no planner and follows none", FixOf(PlannerErrorCodes.NoPlanner)),
            0 => throw No(PlannerErrorCodes.NotFound, $"no proposal begins with '{text}'", FixOf(PlannerErrorCodes.NotFound)),
            _ => throw No(GateCodes.InvalidParams, $"{fitting.Count} proposals begin with '{text}'", "Give more digits of the proposal's id."),
        };

        void Add(string taskId)
        {
            if (taskId.StartsWith(text, StringComparison.OrdinalIgnoreCase) && !fitting.Contains(taskId)) fitting.Add(taskId);
        }
    }

    private static string Short(string device) => device.Length <= 12 ? device : device[..12] + "…";

    private static string FixOf(string code) => code switch
    {
        PlannerErrorCodes.NotFound => "`clawmesh-edge proposals --all` lists what is known; one that has expired is made anew if it is still needed.",
        PlannerErrorCodes.NoPlanner => "Connect a planner: `clawmesh-edge peers` shows who is there.",
        GateCodes.NotAuthorized => "The planner grants it to this node: clawmesh-edge trust grant ID --grant approve.",
        _ => "The planner's log says more.",
    };

    private static EdgeException No(string code, string why, string fix) => new(
        code, "Nothing was decided.", why.StartsWith(code + ": ", StringComparison.Ordinal) ? why[(code.Length + 2)..] : why, fix,
        code == GateCodes.InvalidParams ? FailureClass.Config : FailureClass.PolicyDenied);
}
