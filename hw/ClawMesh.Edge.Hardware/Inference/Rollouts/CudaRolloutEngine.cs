using System.Globalization;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.Native.Cuda;

namespace ClawMesh.Edge.Hardware.Inference.Rollouts;

/// <summary>
/// The fused engine on an NVIDIA GPU (Cuda/rollout.cu): candidates are drawn, rolled, charged and compared there; only the best travel
/// back. For nets of 16 state, 8 action and 64 hidden members. After <c>gpu.lost</c> it stays unusable.
/// </summary>
public sealed class CudaRolloutEngine : IRolloutEngine
{
    // As in rollout.cu.
    private const int StateSize = 16;
    private const int ActionSize = 8;
    private const int Hidden = 64;
    private const int Block = 64;
    private const int Warp = 32;
    private const int BestBlock = 256;

    private const int UsualCandidates = 4_096;
    private const int UsualSteps = 24;

    private readonly CudaDevice _device;
    private readonly DynamicsNet _net;
    private readonly nint _rollouts;
    private readonly nint _best;
    private readonly CudaBuffer _weights;
    private readonly CudaBuffer _problem;
    private readonly CudaBuffer _states;
    private readonly CudaBuffer _actions;
    private readonly CudaBuffer _costs;
    private readonly CudaBuffer _moisture;
    private readonly CudaBuffer _found;
    private float[] _staging = [];

    /// <summary>Compiles the kernel for the GPU and takes its memory; a second at most.</summary>
    /// <param name="libraryPath">The driver's library; null for the usual places.</param>
    /// <param name="device">Which GPU, from 0.</param>
    /// <exception cref="EdgeException">Class gpu: <c>gpu.absent</c>, <c>gpu.driver_too_old</c>, <c>gpu.module_refused</c>, <c>gpu.out_of_memory</c>, <c>gpu.net_size</c>, <c>gpu.failed</c>, <c>gpu.lost</c>.</exception>
    public CudaRolloutEngine(DynamicsNet net, string? libraryPath = null, int device = 0)
    {
        if (net is not { StateSize: StateSize, ActionSize: ActionSize, Hidden: Hidden }) throw OtherNet(net);
        _net = net;
        _device = new CudaDevice(libraryPath, device);
        try
        {
            _device.LoadModule(Image());
            (_rollouts, _best) = (_device.Function("rollouts\0"u8), _device.Function("best\0"u8));
            (_weights, _problem, _states, _actions) = (new(_device), new(_device), new(_device), new(_device));
            (_costs, _moisture, _found) = (new(_device), new(_device), new(_device));
            float[] weights = [.. net.Weights1, .. net.Bias1, .. net.Weights2, .. net.Bias2, .. net.Weights3, .. net.Bias3];
            _device.Upload(_weights.Reserve(weights.Length), weights);
            _costs.Reserve(UsualCandidates);
            _moisture.Reserve(UsualCandidates * UsualSteps);
        }
        catch
        {
            _device.Dispose();
            throw;
        }

        Device = string.Create(CultureInfo.InvariantCulture, $"{_device.Name}, CUDA {_device.DriverVersion}");
    }

    public string Name => "cuda";

    public string Device { get; }

    /// <exception cref="EdgeException"><c>gpu.lost</c>, <c>gpu.out_of_memory</c>, <c>model.not_a_number</c>.</exception>
    public IReadOnlyList<RolloutPlan> Plan(RolloutProblem problem)
    {
        RolloutBounds.Check(problem, ModelSizes.Of(_net));
        int count = problem.Candidates, row = 2 + problem.Steps, wanted = Math.Min(problem.Best, count);
        Span<float> packed = Pack(problem);
        _device.Upload(_problem.Reserve(packed.Length), packed);
        CudaRolloutArguments arguments = CudaRolloutArguments.For(problem);
        (arguments.Net, arguments.Problem, arguments.Costs, arguments.Moisture) =
            (_weights.Address, _problem.Address, _costs.Reserve(count), _moisture.Reserve(count * problem.Steps));
        Launch(arguments);

        var best = new CudaBestArguments
        {
            Costs = _costs.Address, Moisture = _moisture.Address, Best = _found.Reserve(wanted * row), Steps = problem.Steps, Count = count, Wanted = wanted,
        };
        _device.Launch(_best, 1, BestBlock, best);
        Span<float> found = Staging(wanted * row);
        _device.Download(found, _found.Address);
        return Unpack(problem, found, row);
    }

    /// <exception cref="EdgeException"><c>gpu.lost</c>, <c>gpu.out_of_memory</c>.</exception>
    public void Roll(ReadOnlySpan<float> states, ReadOnlySpan<float> actions, int steps, Span<float> moisture)
    {
        int rows = RolloutBounds.Check(ModelSizes.Of(_net), states.Length, actions.Length, steps, moisture.Length);
        if (rows == 0) return;
        _device.Upload(_states.Reserve(states.Length), states);
        _device.Upload(_actions.Reserve(actions.Length), actions);
        Launch(new CudaRolloutArguments
        {
            Net = _weights.Address, States = _states.Address, Actions = _actions.Address, Moisture = _moisture.Reserve(moisture.Length), Steps = steps, Count = rows,
        });

        // The device keeps a step's numbers side by side, so that its threads write together.
        Span<float> found = Staging(moisture.Length);
        _device.Download(found, _moisture.Address);
        for (int row = 0; row < rows; row++)
        {
            for (int step = 0; step < steps; step++) moisture[(row * steps) + step] = found[(step * rows) + row];
        }
    }

    public void Dispose() => _device.Dispose();

    // Few rows are spread over all multiprocessors, a warp to each.
    private void Launch(in CudaRolloutArguments arguments)
    {
        int threads = arguments.Count <= _device.Multiprocessors * Warp ? Warp : Block;
        _device.Launch(_rollouts, (arguments.Count + threads - 1) / threads, threads, arguments);
    }

    // state, known, low, high, allowed, given: as rollout.cu reads them.
    private Span<float> Pack(RolloutProblem problem)
    {
        int steps = problem.Steps;
        Span<float> packed = Staging(StateSize + (steps * (ActionSize + 3)) + problem.Given.Length);
        Span<float> rest = packed;
        Append(ref rest, problem.State);
        Append(ref rest, problem.Known);
        Append(ref rest, problem.LowPercent);
        Append(ref rest, problem.HighPercent);
        for (int step = 0; step < steps; step++) rest[step] = problem.Allowed[step];
        problem.Given.CopyTo(rest[steps..]);
        return packed;
    }

    private static void Append(ref Span<float> rest, float[] part)
    {
        part.CopyTo(rest);
        rest = rest[part.Length..];
    }

    private RolloutPlan[] Unpack(RolloutProblem problem, ReadOnlySpan<float> found, int row)
    {
        var plans = new List<RolloutPlan>(found.Length / row);
        for (; found.Length > 0; found = found[row..])
        {
            int index = BitConverter.SingleToInt32Bits(found[0]);
            ReadOnlySpan<float> moisture = found[2..row];
            if (index < 0 || index >= problem.Candidates || !AllFinite(found[1..row])) continue;
            var fractions = new float[problem.Steps];
            CandidateSampler.Fill(problem, index, fractions);
            plans.Add(new RolloutPlan(index, found[1], fractions, moisture.ToArray()));
        }

        return plans.Count > 0 ? [.. plans] : throw RolloutBounds.NotANumber(Name);
    }

    private static bool AllFinite(ReadOnlySpan<float> values)
    {
        foreach (float value in values)
        {
            if (!float.IsFinite(value)) return false;
        }

        return true;
    }

    private Span<float> Staging(int floats)
    {
        if (_staging.Length < floats) _staging = new float[floats];
        return _staging.AsSpan(0, floats);
    }

    private static byte[] Image()
    {
        using Stream stream = typeof(CudaRolloutEngine).Assembly.GetManifestResourceStream("inference/rollout.ptx")!;
        var image = new byte[stream.Length];
        stream.ReadExactly(image);
        return image;
    }

    private static EdgeException OtherNet(DynamicsNet net) => new(
        "gpu.net_size",
        "Could not use the GPU for this model.",
        $"The net has {net.StateSize} state, {net.ActionSize} action and {net.Hidden} hidden members; the kernel is made for {StateSize}, {ActionSize} and {Hidden}.",
        "Use a model of those sizes, or let another engine plan.",
        FailureClass.Gpu);
}
