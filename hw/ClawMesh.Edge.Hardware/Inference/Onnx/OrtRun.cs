using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.Native.Onnx;

namespace ClawMesh.Edge.Hardware.Inference.Onnx;

/// <summary>
/// Tensors for runs of one size, written and read in place; a run allocates nothing managed. One thread at a time. The
/// session must outlive it.
/// </summary>
public sealed class OrtRun : IDisposable
{
    private readonly ModelManifest _manifest;
    private readonly OrtProvider _provider;
    private readonly OrtTensor[] _inputs;
    private readonly OrtTensor[] _outputs;
    private readonly OrtCall _call;

    internal OrtRun(OrtSessionHandle session, ModelManifest manifest, OrtProvider provider, int batch)
    {
        (_manifest, _provider, Batch) = (manifest, provider, batch);
        (_inputs, _outputs) = (new OrtTensor[manifest.Inputs.Count], new OrtTensor[manifest.Outputs.Count]);
        try
        {
            for (int i = 0; i < _inputs.Length; i++) _inputs[i] = Tensor(session.Api, manifest.Inputs[i].Shape, batch);
            for (int i = 0; i < _outputs.Length; i++) _outputs[i] = Tensor(session.Api, manifest.Outputs[i].Shape, batch);
            _call = new OrtCall(session, [.. manifest.Inputs.Select(i => i.Name)], _inputs, [.. manifest.Outputs.Select(o => o.Name)], _outputs);
        }
        catch (Exception failed)
        {
            FreeTensors();
            if (failed is OrtFault fault) throw OrtFaults.Running(fault, manifest.Name, provider);
            if (failed is not (OutOfMemoryException or OverflowException)) throw;
            throw OrtFaults.Running(new OrtFault(OrtFault.Failed, FormattableString.Invariant($"there is no memory for tensors of {batch} rows")), manifest.Name, OrtProvider.Cpu);
        }
    }

    /// <summary>Rows of each tensor whose first axis the manifest leaves open.</summary>
    public int Batch { get; }

    /// <summary>By the order of the manifest; flat, valid until disposed.</summary>
    public Span<float> Input(int place) => _inputs[place].Floats;

    public Span<float> Input(string name) => Input(PlaceOf(name, [.. _manifest.Inputs.Select(i => i.Name)]));

    /// <summary>By the order of the manifest; flat, valid until disposed, overwritten by the next run.</summary>
    public ReadOnlySpan<float> Output(int place) => _outputs[place].Floats;

    public ReadOnlySpan<float> Output(string name) => Output(PlaceOf(name, [.. _manifest.Outputs.Select(o => o.Name)]));

    /// <exception cref="EdgeException"><c>model.run_failed</c> (model), <c>gpu.run_failed</c> (gpu).</exception>
    public void Run()
    {
        try
        {
            _call.Run();
        }
        catch (OrtFault fault)
        {
            throw OrtFaults.Running(fault, _manifest.Name, _provider);
        }
    }

    /// <summary>The C call alone, once for each entry of <paramref name="ticks"/>, which gets its duration in ticks of <see cref="System.Diagnostics.Stopwatch"/>.</summary>
    /// <exception cref="EdgeException">As <see cref="Run"/>.</exception>
    public void RunBare(Span<long> ticks)
    {
        try
        {
            _call.RunBare(ticks);
        }
        catch (OrtFault fault)
        {
            throw OrtFaults.Running(fault, _manifest.Name, _provider);
        }
    }

    public void Dispose()
    {
        _call.Dispose();
        FreeTensors();
    }

    // Not all are there when one of them could not be made.
    private void FreeTensors()
    {
        foreach (OrtTensor? tensor in _inputs) tensor?.Dispose();
        foreach (OrtTensor? tensor in _outputs) tensor?.Dispose();
    }

    private static OrtTensor Tensor(OrtApi api, IReadOnlyList<int?> shape, int batch)
    {
        var lengths = new long[shape.Count];
        for (int axis = 0; axis < lengths.Length; axis++) lengths[axis] = shape[axis] ?? batch;
        return new OrtTensor(api, OrtElement.Float, sizeof(float), lengths);
    }

    private static int PlaceOf(string name, string[] names) =>
        Array.IndexOf(names, name) is >= 0 and int place ? place : throw new ArgumentException($"the model has no '{name}'; it has {string.Join(", ", names)}", nameof(name));
}
