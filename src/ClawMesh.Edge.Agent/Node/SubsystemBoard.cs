using System.Text.Json;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Lifecycle;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>One driver or subsystem with its place in its life. Changes are events; a change the rules do not know is a bug.</summary>
internal sealed class Subsystem(string name, string group, IEventSink events)
{
    private readonly Lock _lock = new();

    public string Name => name;

    /// <summary><c>sensor</c>, <c>actuator</c>, <c>subsystem</c>, or <c>service</c> for what the node can do without.</summary>
    public string Group => group;

    public DriverState State { get; private set; } = DriverState.Unconfigured;

    public string Detail { get; private set; } = "";

    public FailureClass? FailureClass { get; private set; }

    /// <summary>What keeps it from working, with its fix, where that is known.</summary>
    public EdgeException? Fault { get; private set; }

    public void Become(DriverState state, EdgeException fault) => Become(state, fault.Why, fault.FailureClass, fault);

    public void Become(DriverState state, string detail = "", FailureClass? failureClass = null, EdgeException? fault = null)
    {
        lock (_lock)
        {
            if (State == state)
            {
                (Detail, FailureClass, Fault) = (detail, failureClass, fault);
                return;
            }

            if (!State.MayBecome(state)) throw new InvalidOperationException($"'{name}' cannot go from {State.Word()} to {state.Word()}.");
            DriverState from = State;
            (State, Detail, FailureClass, Fault) = (state, detail, failureClass, fault);

            // The ordinary steps of starting and stopping are not news; trouble and its end are.
            bool trouble = state is DriverState.Degraded or DriverState.Blocked or DriverState.Failed;
            bool recovered = state == DriverState.Active && from is DriverState.Degraded or DriverState.Blocked;
            if (!trouble && !recovered) return;
            events.Publish(new EdgeEvent(
                0, default, EventTypes.DriverState, trouble ? EventSeverity.Warning : EventSeverity.Info, name,
                $"{name}: {from.Word()} → {state.Word()}{(detail.Length == 0 ? "." : $": {detail}")}", failureClass));
        }
    }

    /// <summary>The members <c>detail</c>, <c>failureClass</c>, <c>code</c> and <c>fix</c>, as far as they are known.</summary>
    public void WriteTrouble(Utf8JsonWriter w)
    {
        lock (_lock)
        {
            if (Detail.Length > 0) w.WriteString("detail", Detail);
            if (FailureClass is { } failure) w.WriteString("failureClass", failure.Word());
            if (Fault is null) return;
            w.WriteString("code", Fault.Code);
            w.WriteString("fix", Fault.Fix);
        }
    }

    /// <summary>Walks the ordinary way from nothing to active.</summary>
    public void Start()
    {
        Become(DriverState.Validated);
        Become(DriverState.Probing);
        Become(DriverState.Ready);
        Become(DriverState.Active);
    }

    public void Stop()
    {
        if (State is DriverState.Unconfigured or DriverState.Stopped) return;
        if (State != DriverState.Stopping) Become(DriverState.Stopping);
        Become(DriverState.Stopped);
    }
}

/// <summary>All subsystems of the node, in the order they were declared.</summary>
internal sealed class SubsystemBoard(IEventSink events)
{
    private readonly Lock _lock = new();
    private volatile Subsystem[] _all = [];

    /// <summary>An immutable picture; asking costs nothing.</summary>
    public IReadOnlyList<Subsystem> All => _all;

    public Subsystem Declare(string name, string group)
    {
        var subsystem = new Subsystem(name, group, events);
        lock (_lock) _all = [.. _all, subsystem];
        return subsystem;
    }
}
