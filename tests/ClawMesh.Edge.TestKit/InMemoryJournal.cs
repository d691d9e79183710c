using System.Globalization;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Storage;

namespace ClawMesh.Edge.TestKit;

/// <summary>A journal that behaves: durable at once unless told otherwise, and gone when told so.</summary>
public sealed class InMemoryJournal(TimeProvider time) : IActuationJournal, ISettingsStore
{
    private readonly Lock _lock = new();
    private readonly List<JournalRecord> _records = [];
    private readonly Dictionary<string, ReplayEntry> _commands = [];
    private readonly Dictionary<string, int> _remembered = [];
    private readonly Dictionary<string, string> _settings = [];

    public JournalHealth Health { get; set; } = JournalHealth.Ready;

    public string BootNonce { get; set; } = "00112233445566778899aabbccddeeff";

    /// <summary>Records above this sequence are not on disk.</summary>
    public long DurableThrough { get; set; } = long.MaxValue;

    /// <summary>Called inside an append, before it succeeds; throws to fail it.</summary>
    public Action<JournalEntry>? Appending { get; set; }

    /// <summary>Called when a permit asks whether its record is on disk: its driver holds the output's lock then.</summary>
    public Action? Redeeming { get; set; }

    /// <summary>Settings cannot be written.</summary>
    public bool SettingsFail { get; set; }

    public List<OpenCommand> Open { get; } = [];

    public List<PastActivation> Past { get; } = [];

    public DateTimeOffset? LatestTime
    {
        get
        {
            lock (_lock) return _records.Count == 0 ? null : _records.Max(r => r.At);
        }
    }

    public DateTimeOffset? NewestRecordAt
    {
        get
        {
            lock (_lock) return _records.Count == 0 ? null : _records[^1].At;
        }
    }

    public IReadOnlyList<JournalRecord> Records
    {
        get
        {
            lock (_lock) return [.. _records];
        }
    }

    public bool IsDurable(long sequence)
    {
        Redeeming?.Invoke();
        return sequence <= DurableThrough && sequence <= _records.Count;
    }

    public Task<long> AppendAsync(JournalEntry entry, ReplayEntry? replay, CancellationToken cancellationToken)
    {
        Appending?.Invoke(entry);
        if (Health.State == JournalState.Unavailable)
            throw new EdgeException(GateCodes.JournalUnavailable, "Could not journal.", Health.Why, Health.Fix, FailureClass.Storage);
        lock (_lock)
        {
            long sequence = _records.Count + 1;
            _records.Add(new JournalRecord(
                sequence, entry.Type, time.GetUtcNow(), "synchronised", BootNonce, entry.ActuatorRef, entry.CommandId, entry.PermitId,
                entry.Code, entry.Body, sequence.ToString("x64", CultureInfo.InvariantCulture)));
            if (replay is not null)
            {
                if (!_commands.ContainsKey(replay.CommandId)) _remembered[replay.TargetRef] = _remembered.GetValueOrDefault(replay.TargetRef) + 1;
                _commands[replay.CommandId] = replay.Sequence == 0 ? replay with { Sequence = sequence } : replay;
            }

            return Task.FromResult(sequence);
        }
    }

    public ReplayEntry? FindCommand(string commandId)
    {
        lock (_lock) return _commands.GetValueOrDefault(commandId);
    }

    public int RememberedCommands(string targetRef)
    {
        lock (_lock) return _remembered.GetValueOrDefault(targetRef);
    }

    public IReadOnlyList<OpenCommand> OpenCommands() => Open;

    public IReadOnlyList<PastActivation> ActivationsWithin(TimeSpan window) => Past;

    public string? Get(string key)
    {
        lock (_lock) return _settings.GetValueOrDefault(key);
    }

    public Task SetAsync(string key, string value, CancellationToken cancellationToken)
    {
        if (SettingsFail) throw new EdgeException(GateCodes.JournalUnavailable, "Could not journal.", "the disk is full", "make room", FailureClass.Storage);
        lock (_lock) _settings[key] = value;
        return Task.CompletedTask;
    }
}
