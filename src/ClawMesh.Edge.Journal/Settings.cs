using System.Collections.Concurrent;
using ClawMesh.Edge.Core.Storage;
using ClawMesh.Edge.Journal.Writing;

namespace ClawMesh.Edge.Journal;

/// <summary>Table <c>settings</c>: read from memory, written durably by the journal's writer. Obtained from <see cref="ActuationJournal.Settings"/>.</summary>
public sealed class Settings : ISettingsStore
{
    private readonly ConcurrentDictionary<string, string> _values = new(StringComparer.Ordinal);
    private JournalWriter? _writer;

    internal Settings()
    {
    }

    public string? Get(string key) => _values.TryGetValue(key, out string? value) ? value : null;

    /// <summary>Durable when the task completes. Once queued it is not cancelled.</summary>
    /// <exception cref="Core.Errors.EdgeException"><c>JOURNAL_UNAVAILABLE</c>: nothing was written.</exception>
    public Task SetAsync(string key, string value, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var job = new SetJob(this, key, value);
        _writer!.Enqueue(job);
        return job.Done;
    }

    internal void Attach(JournalWriter writer) => _writer = writer;

    internal void Load(IEnumerable<KeyValuePair<string, string>> values)
    {
        foreach ((string key, string value) in values) _values[key] = value;
    }

    internal void Clear() => _values.Clear();

    private sealed class SetJob(Settings owner, string key, string value) : WriteJob<bool>
    {
        public override void Run(JournalSession session)
        {
            session.Transactions.Run(() => session.Tables.Set(key, value));
            owner._values[key] = value;
        }
    }
}
