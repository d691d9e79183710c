using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Rpc;

namespace ClawMesh.Edge.Agent.Llm;

/// <summary>
/// Asks the model server every minute whether it has the model, and lets the node offer it only while it does ([W-143]): the two
/// methods, and the capability that <paramref name="advertise"/> takes (null withdraws it). Owned by the node's list of tasks.
/// </summary>
internal sealed class LlmService(ModelServer server, LlmDesk desk, LlmOptions options, Subsystem state, Action<string?> advertise, IEventSink events, TimeProvider time)
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(60);
    public static readonly TimeSpan ProbeLimit = TimeSpan.FromSeconds(10);

    public void Register(RpcDispatcher rpc)
    {
        static bool Known(RpcCaller caller) => caller.Tier >= RpcTier.Peer;
        rpc.Add("llm.infer", Known, desk.InferAsync, () => desk.Available);
        // What runs can be called off, whatever the last probe said.
        rpc.Add("llm.cancel", Known, (p, caller, _) => desk.CancelAsync(p, caller), () => desk.Available || desk.IsBusy);
    }

    /// <summary>Probes until the node stops. A running inference says more than a probe and must not share the model with one.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        state.Become(DriverState.Validated);
        state.Become(DriverState.Probing);
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            do
            {
                if (!desk.IsBusy) await ProbeAsync(cancellationToken);
            }
            while (await timer.WaitForNextTickAsync(cancellationToken));
        }
        catch (OperationCanceledException)
        {
            return;
        }
    }

    internal async Task ProbeAsync(CancellationToken cancellationToken)
    {
        string why = $"it has no model '{options.Model}'";
        bool works = false;
        using var limit = new CancellationTokenSource(ProbeLimit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            works = await server.ListsAsync(options.Model, both.Token) || await server.AnswersAsync(options.Model, both.Token);
        }
        catch (ModelServerException failed)
        {
            why = failed.Message;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            why = $"it did not answer within {ProbeLimit.TotalSeconds:0} s";
        }

        bool before = desk.Available;
        desk.Available = works;
        if (works != before) advertise(works ? options.Capability : null);
        if (!works)
        {
            state.Become(DriverState.Blocked, $"{options.Endpoint.Authority}: {why}", FailureClass.Model);
            return;
        }

        if (state.State == DriverState.Probing) state.Become(DriverState.Ready);
        state.Become(DriverState.Active);
        if (!before) events.Publish(new EdgeEvent(0, default, EventTypes.DriverState, EventSeverity.Info, state.Name, $"Serving {options.Capability} from {options.Endpoint.Authority}."));
    }
}
