namespace ClawMesh.Edge.Agent.Diag;

internal enum CheckStatus
{
    Pass,
    Warn,
    Fail,

    /// <summary>Not looked at, and the summary says why.</summary>
    Skip,
}

internal static class CheckStatusWords
{
    public static string Word(this CheckStatus status) => status switch
    {
        CheckStatus.Pass => "pass",
        CheckStatus.Warn => "warn",
        CheckStatus.Fail => "fail",
        CheckStatus.Skip => "skip",
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, "not a status"),
    };
}
