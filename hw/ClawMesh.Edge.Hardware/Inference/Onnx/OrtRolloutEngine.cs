using System.Globalization;
using System.Runtime.ExceptionServices;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.World;

namespace ClawMesh.Edge.Hardware.Inference.Onnx;

/// <summary>
/// Rolls candidates forward with any model of dynamics that has a manifest: the graph is unrolled, so a plan is one run. On the CPU the
/// candidates are shared among <see cref="OrtOptions.Threads"/> threads, each with a run of its own; a GPU gets them all at once.
/// </summary>
public sealed class OrtRolloutEngine : IRolloutEngine
{
    private readonly OrtSession _session;
    private readonly DynamicsPorts _ports;
    private readonly RolloutLane[] _lanes;
    private readonly LaneThread[] _threads;
    private readonly RolloutLane _rolls;
    private readonly int _largestBatch;
    private readonly string _model;

    /// <exception cref="EdgeException"><c>model.not_dynamics</c>, and what <see cref="OrtSession.Open"/> throws.</exception>
    public OrtRolloutEngine(OrtLibrary library, ModelFile model, OrtOptions options)
    {
        _ports = new DynamicsPorts(model.Manifest);
        (_model, _largestBatch) = (model.Manifest.Name, options.LargestBatch);
        _session = OrtSession.Open(library, model, options);
        int lanes = _session.Provider == OrtProvider.Cpu ? Math.Max(options.Threads, 1) : 1;
        _lanes = new RolloutLane[lanes];
        for (int i = 0; i < lanes; i++) _lanes[i] = new RolloutLane(_session, _ports);
        _rolls = new RolloutLane(_session, _ports);
        // The caller's own thread takes the first lane.
        _threads = new LaneThread[lanes - 1];
        try
        {
            for (int i = 0; i < _threads.Length; i++) _threads[i] = new LaneThread(FormattableString.Invariant($"rollout {i + 1}"));
        }
        catch
        {
            Dispose();
            throw;
        }

        Device = Text($"ONNX Runtime {library.Version}, {OrtOptions.NameOf(_session.Provider)}{(lanes > 1 ? Text($", {lanes} threads") : "")}");
        Skipped = [.. _session.Providers.Where(p => !p.Used).Select(p => p.ToString())];
    }

    public string Name => "onnx";

    public string Device { get; }

    /// <summary>Each provider that was not taken, with the reason.</summary>
    public IReadOnlyList<string> Skipped { get; }

    /// <exception cref="EdgeException"><c>model.too_many_steps</c>, <c>model.not_a_number</c>, <c>model.run_failed</c> (model), <c>gpu.run_failed</c> (gpu).</exception>
    public IReadOnlyList<RolloutPlan> Plan(RolloutProblem problem)
    {
        Require(problem.Steps);
        if (problem.State.Length != _ports.StateSize || problem.Known.Length != problem.Steps * _ports.ActionSize)
            throw new ArgumentException(Text($"the state has {problem.State.Length} numbers and what is known {problem.Known.Length}; the model takes {_ports.StateSize} and {problem.Steps * _ports.ActionSize}"), nameof(problem));
        int each = (problem.Candidates + _lanes.Length - 1) / _lanes.Length, begun = 0;
        ExceptionDispatchInfo? failed = null;
        try
        {
            for (; begun < _threads.Length; begun++)
            {
                (RolloutLane lane, int first) = (_lanes[begun + 1], (begun + 1) * each);
                int count = Math.Min(each, problem.Candidates - first);
                _threads[begun].Begin(() => Part(lane, problem, first, count));
            }

            Part(_lanes[0], problem, 0, Math.Min(each, problem.Candidates));
        }
        catch (Exception fault)
        {
            failed = ExceptionDispatchInfo.Capture(fault);
        }

        // Nobody's memory is touched before every lane has stopped, whatever failed.
        for (int i = 0; i < begun; i++) failed = _threads[i].End() ?? failed;
        failed?.Throw();
        return Merge(problem);
    }

    /// <exception cref="EdgeException">As <see cref="Plan"/>, but for <c>model.not_a_number</c>: what the model answers stands in <paramref name="moisture"/>.</exception>
    public void Roll(ReadOnlySpan<float> states, ReadOnlySpan<float> actions, int steps, Span<float> moisture)
    {
        Require(steps);
        int count = states.Length / _ports.StateSize;
        if (states.Length != count * _ports.StateSize || actions.Length != count * steps * _ports.ActionSize || moisture.Length != count * steps)
            throw new ArgumentException(Text($"there are {states.Length}, {actions.Length} and {moisture.Length} numbers; {count} rows of {steps} steps take {count * _ports.StateSize}, {count * steps * _ports.ActionSize} and {count * steps}"), nameof(states));
        for (int first = 0; first < count; first += _largestBatch)
        {
            int part = Math.Min(_largestBatch, count - first);
            _rolls.Roll(
                states.Slice(first * _ports.StateSize, part * _ports.StateSize), actions.Slice(first * steps * _ports.ActionSize, part * steps * _ports.ActionSize), steps,
                moisture.Slice(first * steps, part * steps));
        }
    }

    public void Dispose()
    {
        // Not all of them where one could not be started.
        foreach (LaneThread? thread in _threads) thread?.Dispose();
        foreach (RolloutLane lane in _lanes) lane.Dispose();
        _rolls.Dispose();
        _session.Dispose();
    }

    private static void Part(RolloutLane lane, RolloutProblem problem, int first, int count)
    {
        if (count > 0) lane.Plan(problem, first, count);
        else lane.Best.Clear();
    }

    private RolloutPlan[] Merge(RolloutProblem problem)
    {
        var places = new int[_lanes.Length];
        var plans = new List<RolloutPlan>();
        while (plans.Count < problem.Best && Cheapest(places) is >= 0 and int lane)
        {
            (float cost, int index) = _lanes[lane].Best[places[lane]++];
            var plan = new RolloutPlan(index, cost, new float[problem.Steps], new float[problem.Steps]);
            CandidateSampler.Fill(problem, index, plan.Fractions);
            _lanes[lane].Percent(problem, index, plan.MoisturePercent);
            plans.Add(plan);
        }

        if (plans.Count > 0 || problem.Best == 0) return [.. plans];
        throw new EdgeException("model.not_a_number", $"No plan could be made with the model '{_model}'.", Text($"None of {problem.Candidates} candidates got a cost: the model answered with what is no number."), "`clawmesh-edge model check FILE` compares the model with its golden output.", FailureClass.Model);
    }

    // The lane whose next is cheapest; lanes stand in the order of their candidates, so equal costs go by index. -1: none has one left.
    private int Cheapest(int[] places)
    {
        int cheapest = -1;
        for (int i = 0; i < _lanes.Length; i++)
        {
            if (places[i] < _lanes[i].Best.Count && (cheapest < 0 || _lanes[i].Best[places[i]].Cost < _lanes[cheapest].Best[places[cheapest]].Cost)) cheapest = i;
        }

        return cheapest;
    }

    private void Require(int steps)
    {
        if (steps >= 1 && steps <= _ports.Steps) return;
        throw new EdgeException("model.too_many_steps", $"The model '{_model}' cannot look that far.", Text($"{steps} steps were asked for; its graph has {_ports.Steps}."), "Plan over fewer steps, or export the model with more.", FailureClass.Model);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
