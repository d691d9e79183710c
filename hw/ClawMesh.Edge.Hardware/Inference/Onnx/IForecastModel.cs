using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.World;

namespace ClawMesh.Edge.Hardware.Inference.Onnx;

/// <summary>A model as the inference thread holds it. Only <see cref="Cancel"/> is called from elsewhere.</summary>
internal interface IForecastModel : IDisposable
{
    /// <summary>For example <c>onnx/CPU</c>.</summary>
    string Provider { get; }

    IReadOnlyList<string> Skipped { get; }

    /// <exception cref="EdgeException">Class <see cref="FailureClass.Model"/> or <see cref="FailureClass.Gpu"/>.</exception>
    void Run(ReadOnlySpan<float> state, ReadOnlySpan<float> actions, Span<float> moisture);

    /// <summary>Asks the present run to end.</summary>
    void Cancel();
}

/// <summary>A model file on ONNX Runtime, one row at a time.</summary>
internal sealed class OrtForecastModel : IForecastModel
{
    private readonly DynamicsPorts _ports;
    private readonly OrtSession _session;
    private readonly OrtRun _run;
    private int _cancelled;

    public OrtForecastModel(ModelFile model, OrtOptions options)
    {
        _ports = new DynamicsPorts(model.Manifest);
        _session = OrtSession.Open(OrtLibrary.Open(options), model, options);
        _run = _session.Prepare(1);
        Provider = $"onnx/{OrtOptions.NameOf(_session.Provider)}";
        Skipped = [.. _session.Providers.Where(p => !p.Used).Select(p => p.ToString())];
    }

    public string Provider { get; }

    public IReadOnlyList<string> Skipped { get; }

    public void Run(ReadOnlySpan<float> state, ReadOnlySpan<float> actions, Span<float> moisture)
    {
        if (Interlocked.Exchange(ref _cancelled, 0) != 0) _run.Reset();
        state.CopyTo(_run.Input(_ports.StateInput));
        actions.CopyTo(_run.Input(_ports.ActionsInput));
        _run.Run();
        ReadOnlySpan<float> trajectory = _run.Output(_ports.TrajectoryOutput);
        for (int step = 0; step < moisture.Length; step++) moisture[step] = trajectory[(step * _ports.StateSize) + SoilState.Moisture];
    }

    public void Cancel()
    {
        _run.Cancel();
        Volatile.Write(ref _cancelled, 1);
    }

    public void Dispose()
    {
        _run.Dispose();
        _session.Dispose();
    }
}
