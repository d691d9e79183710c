using System.Runtime.ExceptionServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.World;

namespace ClawMesh.Edge.Hardware.Inference.Rollouts;

/// <summary>
/// The fused engine on the processor: candidates are drawn, rolled and charged tile by tile, by the caller and threads of its own. The
/// same problem has the same answer bit for bit, however many threads there are. <see cref="Roll"/> stays on the caller's thread.
/// </summary>
public sealed class CpuRolloutEngine : IRolloutEngine
{
    private const int DefaultThreads = 2;
    private const int UsualSteps = 24;

    private static readonly TimeSpan StopLimit = TimeSpan.FromMilliseconds(500);

    private readonly TileNet _net;
    private readonly CpuTile[] _tiles;
    private readonly Thread[] _threads;
    private readonly AutoResetEvent[] _starts;
    private readonly ExceptionDispatchInfo?[] _failures;
    private readonly AutoResetEvent _finished = new(initialState: false);
    private RolloutProblem? _problem;
    private int _nextTile;
    private int _running;
    private volatile bool _stopped;

    /// <param name="threads">Counting the caller's; 0 for two, or one on a machine with one core.</param>
    public CpuRolloutEngine(DynamicsNet net, int threads = 0)
        : this(TileNet.For(net), threads)
    {
    }

    internal CpuRolloutEngine(TileNet net, int threads)
    {
        int count = threads > 0 ? threads : Math.Min(DefaultThreads, Environment.ProcessorCount);
        _net = net;
        _tiles = new CpuTile[count];
        for (int i = 0; i < count; i++)
        {
            _tiles[i] = new CpuTile(net);
            _tiles[i].Reserve(UsualSteps);
        }

        _threads = new Thread[count - 1];
        _starts = new AutoResetEvent[count - 1];
        _failures = new ExceptionDispatchInfo?[count];
        for (int i = 0; i < _threads.Length; i++)
        {
            int worker = i;
            _starts[i] = new AutoResetEvent(initialState: false);
            _threads[i] = new Thread(() => Work(worker), maxStackSize: 256 * 1024) { IsBackground = true, Name = $"rollout {i + 1}" };
            _threads[i].Start();
        }

        Device = $"{InstructionSet()}, {net.Width}, {count} {(count == 1 ? "thread" : "threads")}";
    }

    public string Name => "cpu";

    public string Device { get; }

    /// <exception cref="EdgeException"><c>model.not_a_number</c>.</exception>
    public IReadOnlyList<RolloutPlan> Plan(RolloutProblem problem)
    {
        ObjectDisposedException.ThrowIf(_stopped, this);
        RolloutBounds.Check(problem, ModelSizes.Of(_net.Net));
        foreach (CpuTile tile in _tiles)
        {
            tile.Reserve(problem.Steps);
            tile.Best.Clear(problem.Best);
        }

        (_problem, _nextTile) = (problem, 0);
        int tiles = (problem.Candidates + CpuTile.Rows - 1) / CpuTile.Rows;
        int helpers = Math.Min(_threads.Length, tiles - 1);
        _running = helpers;
        for (int i = 0; i < helpers; i++) _starts[i].Set();
        Drain(0, problem);
        // Whatever became of the caller's own part: nobody still works on the tiles when this returns.
        if (helpers > 0) _finished.WaitOne();
        _problem = null;
        for (int i = 0; i <= helpers; i++) _failures[i]?.Throw();

        BestPlans best = _tiles[0].Best;
        for (int i = 1; i <= helpers; i++) best.Offer(_tiles[i].Best);
        if (best.Count == 0) throw RolloutBounds.NotANumber(Name);
        var plans = new RolloutPlan[best.Count];
        _tiles[0].Trace(problem, best, plans);
        return plans;
    }

    public void Roll(ReadOnlySpan<float> states, ReadOnlySpan<float> actions, int steps, Span<float> moisture)
    {
        ObjectDisposedException.ThrowIf(_stopped, this);
        int rows = RolloutBounds.Check(ModelSizes.Of(_net.Net), states.Length, actions.Length, steps, moisture.Length);
        int state = _net.Net.StateSize, row = steps * _net.Net.ActionSize;
        for (int first = 0; first < rows; first += CpuTile.Rows)
        {
            int count = Math.Min(CpuTile.Rows, rows - first);
            _tiles[0].Roll(states.Slice(first * state, count * state), actions.Slice(first * row, count * row), count, steps, moisture.Slice(first * steps, count * steps));
        }
    }

    public void Dispose()
    {
        if (_stopped) return;
        _stopped = true;
        foreach (AutoResetEvent start in _starts) start.Set();
        bool ended = true;
        foreach (Thread thread in _threads) ended &= thread.Join(StopLimit);
        // A thread that has not ended still holds them.
        if (!ended) return;
        foreach (AutoResetEvent start in _starts) start.Dispose();
        _finished.Dispose();
    }

    private void Work(int worker)
    {
        InferencePriority.Lower();
        while (true)
        {
            _starts[worker].WaitOne();
            if (_stopped) return;
            Drain(worker + 1, _problem!);
            if (Interlocked.Decrement(ref _running) == 0) _finished.Set();
        }
    }

    // Whoever is free takes the next tile, so that a thread the scheduler holds up costs a tile, not its half.
    // Never throws: an exception at the top of a thread would end the process.
    private void Drain(int worker, RolloutProblem problem)
    {
        _failures[worker] = null;
        try
        {
            while (true)
            {
                int first = (Interlocked.Increment(ref _nextTile) - 1) * CpuTile.Rows;
                if (first >= problem.Candidates) return;
                _tiles[worker].Plan(problem, first, Math.Min(CpuTile.Rows, problem.Candidates - first));
            }
        }
        catch (Exception failed)
        {
            _failures[worker] = ExceptionDispatchInfo.Capture(failed);
        }
    }

    private static string InstructionSet()
    {
        if (Vector512.IsHardwareAccelerated) return "AVX-512";
        if (Avx2.IsSupported) return Fma.IsSupported ? "AVX2 with FMA" : "AVX2";
        if (AdvSimd.IsSupported) return "NEON";
        return Vector128.IsHardwareAccelerated ? "SSE" : "no vectors";
    }
}
