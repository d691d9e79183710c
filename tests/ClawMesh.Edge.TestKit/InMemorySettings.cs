using System.Collections.Concurrent;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Storage;

namespace ClawMesh.Edge.TestKit;

/// <summary>Settings without a disk; durable at once, or not at all while <see cref="Unavailable"/>.</summary>
public sealed class InMemorySettings : ISettingsStore
{
    private readonly ConcurrentDictionary<string, string> _values = new(StringComparer.Ordinal);

    public bool Unavailable { get; set; }

    public string? Get(string key) => _values.GetValueOrDefault(key);

    public Task SetAsync(string key, string value, CancellationToken cancellationToken)
    {
        if (Unavailable) throw new EdgeException(GateCodes.JournalUnavailable, "Nothing was written.", "The disk is away.", "Bring it back.", FailureClass.Storage);
        _values[key] = value;
        return Task.CompletedTask;
    }
}
