using System.Text.Json;

namespace ClawMesh.Edge.Hardware.Simulated;

/// <summary>
/// Follows <c>&lt;state&gt;/sim/faults.json</c>, e.g. <c>{"sensor:soil-moisture:zone-1":"stuck","actuator:valve:zone-2":"hang"}</c>.
/// A file that cannot be understood changes nothing and is reported. Not thread-safe; its farm calls it.
/// </summary>
internal sealed class FaultFile(string path, IReadOnlySet<string> knownRefs, SimulatedFaults faults, TimeProvider time)
{
    private static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(1);
    private const int MaxFileBytes = 64 * 1024;

    private static readonly JsonDocumentOptions Options = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };

    private long? _checkedTimestamp;
    private FileStamp _seen;

    /// <summary>Empty, or what is wrong with the file as it stands.</summary>
    public string Problem { get; private set; } = "";

    /// <summary>Looks at the file when the last look is a second old, and reads it when it has changed.</summary>
    public void Follow()
    {
        if (_checkedTimestamp is { } then && time.GetElapsedTime(then) < CheckInterval) return;
        _checkedTimestamp = time.GetTimestamp();
        try
        {
            var file = new FileInfo(path);
            FileStamp stamp = file.Exists ? new FileStamp(file.LastWriteTimeUtc.Ticks, file.Length) : default;
            if (stamp == _seen) return;
            _seen = stamp;
            Problem = "";
            if (!file.Exists) faults.ReplaceFromFile(new Dictionary<string, SimulatedFault>());
            else if (file.Length > MaxFileBytes) Problem = $"'{path}' has {file.Length} bytes; at most {MaxFileBytes} are read.";
            else Read(File.ReadAllBytes(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            Problem = $"'{path}' cannot be read: {e.Message} The faults stay as they were.";
        }
    }

    private void Read(byte[] text)
    {
        using JsonDocument document = JsonDocument.Parse(text, Options);
        if (document.RootElement.ValueKind != JsonValueKind.Object)
        {
            Problem = $"'{path}' holds no JSON object of ref and fault. The faults stay as they were.";
            return;
        }

        var read = new Dictionary<string, SimulatedFault>(StringComparer.Ordinal);
        foreach (JsonProperty entry in document.RootElement.EnumerateObject())
        {
            string? word = entry.Value.ValueKind == JsonValueKind.String ? entry.Value.GetString() : null;
            if (!knownRefs.Contains(entry.Name))
            {
                Problem = $"'{path}': '{entry.Name}' is no sensor or actuator of this site. The faults stay as they were.";
                return;
            }

            if (SimulatedFault.Parse(entry.Name, word) is not { } fault)
            {
                string allowed = entry.Name.StartsWith("sensor:", StringComparison.Ordinal) ? SimulatedFault.AllowedForSensors : SimulatedFault.AllowedForOutputs;
                Problem = $"'{path}': '{entry.Name}' has fault {entry.Value.GetRawText()}; it can have {allowed}. The faults stay as they were.";
                return;
            }

            read[entry.Name] = fault;
        }

        faults.ReplaceFromFile(read);
    }

    private readonly record struct FileStamp(long ModifiedTicks, long Length);
}
