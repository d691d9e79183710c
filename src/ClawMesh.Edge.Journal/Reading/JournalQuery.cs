using ClawMesh.Edge.Core.Actuation;

namespace ClawMesh.Edge.Journal.Reading;

/// <summary>What <c>audit list</c> asks for.</summary>
/// <param name="Limit">At most this many records, newest first.</param>
/// <param name="ActuatorRef">Only records of this output; null means all.</param>
/// <param name="Type">Only records of this type; null means all.</param>
/// <param name="Trace">Only records of this command; null means all.</param>
public sealed record JournalQuery(int Limit, string? ActuatorRef = null, JournalRecordType? Type = null, string? Trace = null, bool OldestFirst = false);
