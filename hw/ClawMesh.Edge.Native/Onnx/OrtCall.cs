using System.Diagnostics;
using System.Runtime.InteropServices;

namespace ClawMesh.Edge.Native.Onnx;

/// <summary>
/// One prepared call of <c>Run</c>: names and tensors are laid out once, so that a run allocates nothing managed. One run at a time.
/// </summary>
internal sealed unsafe class OrtCall : IDisposable
{
    private readonly OrtSessionHandle _session;
    private readonly OrtHandle _runOptions;
    private readonly NativeTexts _inputNames;
    private readonly NativeTexts _outputNames;
    private readonly OrtTensor[] _tensors;
    private nint* _values;

    /// <param name="inputs">By the order of <paramref name="inputNames"/>; held, not owned.</param>
    /// <param name="outputs">Made beforehand, held, not owned; empty when ONNX Runtime is to make them (<see cref="RunForNew"/>).</param>
    internal OrtCall(OrtSessionHandle session, IReadOnlyList<string> inputNames, IReadOnlyList<OrtTensor> inputs, IReadOnlyList<string> outputNames, IReadOnlyList<OrtTensor> outputs)
    {
        _session = session;
        nint made;
        session.Api.Check(((delegate* unmanaged[Cdecl]<nint*, nint>)session.Api[OrtFunction.CreateRunOptions])(&made));
        _runOptions = new OrtHandle(session.Api, OrtFunction.ReleaseRunOptions, made);
        _inputNames = new NativeTexts(inputNames);
        _outputNames = new NativeTexts(outputNames);
        _tensors = [.. inputs, .. outputs];
        _values = (nint*)NativeMemory.AllocZeroed((nuint)(inputNames.Count + outputNames.Count + 1), (nuint)sizeof(nint));
        for (int i = 0; i < _tensors.Length; i++) _values[i] = _tensors[i].Value;
    }

    /// <exception cref="OrtFault">The run failed.</exception>
    internal void Run()
    {
        _session.Api.Check(((delegate* unmanaged[Cdecl]<nint, nint, nint*, nint*, nuint, nint*, nuint, nint*, nint>)_session.Api[OrtFunction.Run])(
            _session.Value, _runOptions.Value, _inputNames.Pointer, _values, (nuint)_inputNames.Count, _outputNames.Pointer, (nuint)_outputNames.Count, _values + _inputNames.Count));
        GC.KeepAlive(this);
    }

    /// <summary>Runs and takes over the outputs that ONNX Runtime made.</summary>
    internal OrtTensor[] RunForNew()
    {
        Run();
        var made = new OrtTensor[_outputNames.Count];
        for (int i = 0; i < made.Length; i++)
        {
            nint* value = _values + _inputNames.Count + i;
            made[i] = new OrtTensor(_session.Api, *value);
            *value = 0;
        }

        return made;
    }

    /// <summary>Nothing but the C call, <paramref name="ticks"/>.Length times, each timed: what <see cref="Run"/> is measured against.</summary>
    internal void RunBare(Span<long> ticks)
    {
        var run = (delegate* unmanaged[Cdecl]<nint, nint, nint*, nint*, nuint, nint*, nuint, nint*, nint>)_session.Api[OrtFunction.Run];
        (nint session, nint options) = (_session.Value, _runOptions.Value);
        nint* inputs = _values, outputs = _values + _inputNames.Count, inputNames = _inputNames.Pointer, outputNames = _outputNames.Pointer;
        (nuint inputCount, nuint outputCount) = ((nuint)_inputNames.Count, (nuint)_outputNames.Count);
        nint failed = 0;
        for (int i = 0; i < ticks.Length && failed == 0; i++)
        {
            long from = Stopwatch.GetTimestamp();
            failed = run(session, options, inputNames, inputs, inputCount, outputNames, outputCount, outputs);
            ticks[i] = Stopwatch.GetTimestamp() - from;
        }

        GC.KeepAlive(this);
        _session.Api.Check(failed);
    }

    public void Dispose()
    {
        _runOptions.Dispose();
        _inputNames.Dispose();
        _outputNames.Dispose();
        if (_values is null) return;
        NativeMemory.Free(_values);
        _values = null;
    }
}
