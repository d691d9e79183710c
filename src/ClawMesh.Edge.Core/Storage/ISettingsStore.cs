namespace ClawMesh.Edge.Core.Storage;

/// <summary>Small durable facts the node keeps about itself: latches, time floor. Reads come from memory.</summary>
public interface ISettingsStore
{
    string? Get(string key);

    /// <exception cref="Errors.EdgeException"><c>JOURNAL_UNAVAILABLE</c>: nothing was written.</exception>
    Task SetAsync(string key, string value, CancellationToken cancellationToken);
}
