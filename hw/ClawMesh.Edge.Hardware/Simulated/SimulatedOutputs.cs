using System.IO.MemoryMappedFiles;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Hardware.Simulated;

/// <summary>
/// The outputs of the simulated farm as a mapped file of their own: like a relay, it keeps its state when the process dies, and
/// anybody may look at it from outside. <see cref="OutputsLayout"/> documents the bytes. Thread-safe.
/// </summary>
public sealed class SimulatedOutputs : IDisposable
{
    private readonly Lock _lock = new();
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly Dictionary<ActuatorId, int> _indexes;

    private SimulatedOutputs(string path, MemoryMappedFile file, MemoryMappedViewAccessor view, Dictionary<ActuatorId, int> indexes) =>
        (Path, _file, _view, _indexes) = (path, file, view, indexes);

    public string Path { get; }

    /// <summary><c>&lt;state&gt;/sim/outputs</c>.</summary>
    public static string PathIn(string stateDirectory) => System.IO.Path.Combine(stateDirectory, "sim", "outputs");

    /// <summary>
    /// Maps the file. Outputs it knows keep their state, whatever it is; new ones are added at the value given here. Records of outputs
    /// that are not asked for stay as they are.
    /// </summary>
    /// <exception cref="EdgeException">
    /// <c>sim.outputs_foreign</c>: the file is not ours, and is left alone. <c>sim.outputs_unavailable</c>: it cannot be opened or created.
    /// </exception>
    public static SimulatedOutputs Open(string path, IReadOnlyList<SimulatedOutputStart> outputs)
    {
        try
        {
            return OpenFile(path, outputs);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new EdgeException(
                "sim.outputs_unavailable",
                $"Could not open the simulated outputs '{path}'.",
                e.Message,
                "Give the node write access to its state directory, or choose another with --state-dir.",
                FailureClass.Storage,
                e);
        }
    }

    /// <summary>Reads all records of a file that another process may be writing. For tests, tools and a curious person.</summary>
    /// <exception cref="EdgeException"><c>sim.outputs_foreign</c>: the file is not one of ours.</exception>
    public static IReadOnlyList<SimulatedOutputState> ReadFile(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        byte[] bytes = new byte[Math.Min(stream.Length, OutputsLayout.MaxFileBytes + 1)];
        stream.ReadExactly(bytes);
        return OutputsLayout.Parse(path, bytes);
    }

    /// <summary>The state in the file; null when the bytes hold no ratio from 0 to 1.</summary>
    public OutputValue? Read(ActuatorId output)
    {
        double ratio = _view.ReadDouble(OutputsLayout.RatioOffset(IndexOf(output)));
        return ratio is >= 0 and <= 1 ? new OutputValue(ratio) : null;
    }

    /// <summary>Stores the state and counts the write. Takes microseconds; the page cache outlives the process.</summary>
    public void Write(ActuatorId output, OutputValue value)
    {
        int index = IndexOf(output);
        lock (_lock)
        {
            // The double is 8-aligned, so a reader outside never sees half of it. State first: a counted write is one that happened.
            _view.Write(OutputsLayout.RatioOffset(index), value.Ratio);
            Thread.MemoryBarrier();
            long counterOffset = OutputsLayout.CounterOffset(index);
            _view.Write(counterOffset, _view.ReadUInt32(counterOffset) + 1);
        }
    }

    public void Dispose()
    {
        _view.Dispose();
        _file.Dispose();
    }

    private int IndexOf(ActuatorId output) => _indexes.TryGetValue(output, out int index)
        ? index
        : throw new ArgumentException($"'{output}' is not among the outputs of '{Path}'.", nameof(output));

    private static SimulatedOutputs OpenFile(string path, IReadOnlyList<SimulatedOutputStart> outputs)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!);
        IReadOnlyList<SimulatedOutputState> stored = File.Exists(path) ? ReadFile(path) : [];
        SimulatedOutputState[] added =
        [
            .. outputs.Where(o => !stored.Any(s => s.Ref == o.Output.Value)).Select(o => new SimulatedOutputState(o.Output.Value, o.Initial.Ratio, 0)),
        ];
        SimulatedOutputState[] all = [.. stored, .. added];
        if (added.Length > 0 || stored.Count == 0) Replace(path, OutputsLayout.Format(all));

        var indexes = new Dictionary<ActuatorId, int>();
        for (int i = 0; i < all.Length; i++) indexes[new ActuatorId(all[i].Ref)] = i;
        return Map(path, indexes);
    }

    // Written whole beside the old one and renamed over it: a kill leaves the old file or the new one, never half.
    private static void Replace(string path, byte[] bytes)
    {
        string fresh = path + ".new";
        using (var stream = new FileStream(fresh, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            stream.Write(bytes);
            stream.Flush(flushToDisk: true);
        }

        File.Move(fresh, path, overwrite: true);
    }

    private static SimulatedOutputs Map(string path, Dictionary<ActuatorId, int> indexes)
    {
        // Our own stream, because the path overload asks for a share mode that keeps readers out.
        var stream = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        MemoryMappedFile? file = null;
        try
        {
            file = MemoryMappedFile.CreateFromFile(stream, mapName: null, capacity: 0, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: false);
            return new SimulatedOutputs(path, file, file.CreateViewAccessor(), indexes);
        }
        catch
        {
            file?.Dispose();
            stream.Dispose();
            throw;
        }
    }
}

/// <summary>An output and the state it has when the file does not know it yet.</summary>
public sealed record SimulatedOutputStart(ActuatorId Output, OutputValue Initial);

/// <summary>One record as it stands in the file.</summary>
/// <param name="Ratio">0 inactive, 1 active.</param>
/// <param name="Writes">How often it was written since the file was made; wraps.</param>
public sealed record SimulatedOutputState(string Ref, double Ratio, uint Writes);
