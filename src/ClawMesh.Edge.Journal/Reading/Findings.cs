using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Journal.Reading;

/// <summary>Collects findings up to the bound of a report.</summary>
internal sealed class Findings
{
    private readonly List<JournalFinding> _list = [];

    public IReadOnlyList<JournalFinding> List => _list;

    public void Add(long? sequence, string place, string what, FailureClass failureClass = FailureClass.Auth)
    {
        if (_list.Count < JournalVerification.MaxFindings) _list.Add(new JournalFinding(sequence, place, what, failureClass));
    }
}
