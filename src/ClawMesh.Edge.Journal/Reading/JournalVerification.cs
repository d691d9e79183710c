using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Journal.Reading;

/// <summary>What <c>audit verify</c> found.</summary>
/// <param name="Records">Records walked.</param>
/// <param name="FirstSequence">0 for an empty journal.</param>
/// <param name="LastSequence">0 for an empty journal.</param>
/// <param name="HeadSequence">What the signed head counts; 0 when there is no usable head.</param>
/// <param name="Findings">Empty when everything holds; at most <see cref="MaxFindings"/>.</param>
public sealed record JournalVerification(
    long Records, long FirstSequence, long LastSequence, long HeadSequence, IReadOnlyList<JournalFinding> Findings)
{
    /// <summary>A journal damaged in more places than this is described well enough by the first of them.</summary>
    public const int MaxFindings = 1000;

    public bool Ok => Findings.Count == 0;
}

/// <param name="Sequence">The record; null when the finding is about the file as a whole.</param>
/// <param name="Place">A column's name, <c>record</c>, <c>chain</c>, <c>head</c>, <c>checkpoint</c> or <c>storage</c>.</param>
/// <param name="What">One sentence, without the sequence.</param>
/// <param name="FailureClass"><c>storage</c> for damage of the file, <c>auth</c> for content that is not what this device wrote.</param>
public sealed record JournalFinding(long? Sequence, string Place, string What, FailureClass FailureClass);
