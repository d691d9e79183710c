using ClawMesh.Edge.Core.Actuation;

namespace ClawMesh.Edge.Journal.Opening;

/// <summary>An open that ended in a reason an operator can read. Stays inside this project.</summary>
internal sealed class JournalUnavailableException(JournalHealth health) : Exception(health.Why)
{
    public JournalHealth Health { get; } = health;
}
