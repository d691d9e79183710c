using System.Text.Json;
using ClawMesh.Edge.Agent.Cli;
using ClawMesh.Edge.Core.Errors;
using Spectre.Console;

namespace ClawMesh.Edge.Agent.Diag;

/// <summary>All results of one run.</summary>
/// <param name="Verbose">Show the details of what is fine, and how long each check took.</param>
internal sealed record DiagReport(IReadOnlyList<CheckResult> Checks, bool Verbose) : IReport
{
    public string Kind => "diag";

    public ReportStatus Status => Count(CheckStatus.Fail) > 0 ? ReportStatus.Fail : Count(CheckStatus.Warn) > 0 ? ReportStatus.Warn : ReportStatus.Ok;

    /// <param name="strict">Warnings count as failures.</param>
    public int ExitCode(bool strict) => Status == ReportStatus.Fail || (strict && Status == ReportStatus.Warn) ? ExitCodes.Failed : ExitCodes.Ok;

    public int Count(CheckStatus status) => Checks.Count(c => c.Outcome.Status == status);

    public void WriteData(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("checks");
        foreach (CheckResult check in Checks) Write(writer, check);
        writer.WriteEndArray();
        writer.WriteStartObject("summary");
        foreach (CheckStatus status in Enum.GetValues<CheckStatus>()) writer.WriteNumber(status.Word(), Count(status));
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    public void Render(IAnsiConsole console) => new DiagPage(console).Draw(this);

    private static void Write(Utf8JsonWriter writer, CheckResult check)
    {
        CheckOutcome outcome = check.Outcome;
        writer.WriteStartObject();
        writer.WriteString("id", check.Id);
        writer.WriteString("group", check.Group);
        writer.WriteString("status", outcome.Status.Word());
        writer.WriteString("summary", outcome.Summary);
        writer.WriteStartArray("details");
        foreach (string detail in outcome.Details) writer.WriteStringValue(detail);
        writer.WriteEndArray();
        writer.WriteStartObject("values");
        foreach (CheckValue value in outcome.Values) value.Write(writer);
        writer.WriteEndObject();
        if (outcome.FailureClass is { } failure) writer.WriteString("failureClass", failure.Word());
        if (outcome.Fix is { } fix) writer.WriteString("fix", fix);
        writer.WriteNumber("durationMs", Math.Round(check.Duration.TotalMilliseconds, 1));
        writer.WriteEndObject();
    }
}
