using System.Text.Json;
using Spectre.Console;

namespace ClawMesh.Edge.Agent.Cli;

internal enum ReportStatus
{
    Ok,
    Warn,
    Fail,
}

/// <summary>What a verb has to say. Text and JSON come from this one object, so they cannot disagree.</summary>
internal interface IReport
{
    /// <summary>The verb, as in <c>{"kind":"status",…}</c>.</summary>
    string Kind { get; }

    ReportStatus Status { get; }

    /// <summary>Writes the value of <c>data</c>: exactly one JSON value.</summary>
    void WriteData(Utf8JsonWriter writer);

    void Render(IAnsiConsole console);
}
