namespace ClawMesh.Edge.Mesh.Peers;

/// <summary>An error keeps the node from starting ([W-166]).</summary>
public enum DiagnosticLevel
{
    Error,
    Warning,
    Info,
}

/// <summary>One finding about the configuration, with what to do about it in its text.</summary>
public sealed record MeshDiagnostic(DiagnosticLevel Level, string Code, string Text)
{
    /// <summary>For example <c>⚠ [SELF_PEER] text</c>.</summary>
    public override string ToString()
    {
        char mark = Level switch { DiagnosticLevel.Error => '✗', DiagnosticLevel.Warning => '⚠', _ => 'ℹ' };
        return $"{mark} [{Code}] {Text}";
    }
}
