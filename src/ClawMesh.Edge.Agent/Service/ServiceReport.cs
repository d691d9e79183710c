using System.Text.Json;
using ClawMesh.Edge.Agent.Cli;
using ClawMesh.Edge.Agent.Cli.Verbs;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Linux;
using Spectre.Console;

namespace ClawMesh.Edge.Agent.Service;

internal enum StepState
{
    Done,

    /// <summary>It was so already.</summary>
    Unchanged,

    /// <summary>Not needed here; the detail says why.</summary>
    Skipped,

    Failed,
}

/// <summary>One thing that was done, or not, and why not.</summary>
internal sealed record ServiceStep(string What, StepState State, string Detail);

/// <summary>The steps of an installation, in their order. After one that failed nothing more is done.</summary>
internal sealed class ServiceSteps(ServiceHost host)
{
    private readonly List<ServiceStep> _steps = [];

    public IReadOnlyList<ServiceStep> All => _steps;

    public bool Failed { get; private set; }

    /// <summary>Anything was written; what runs already does not know it.</summary>
    public bool Changed { get; private set; }

    public void Tell(string what, StepState state, string detail)
    {
        if (Failed) return;
        _steps.Add(new ServiceStep(what, state, detail));
        Failed = state == StepState.Failed;
        Changed |= state == StepState.Done;
    }

    /// <summary>Takes a step that may fail for reasons of the machine.</summary>
    public void Do(string what, Func<(StepState State, string Detail)> step)
    {
        if (Failed) return;
        try
        {
            (StepState state, string detail) = step();
            Tell(what, state, detail);
        }
        catch (EdgeException fault)
        {
            Tell(what, StepState.Failed, $"{fault.What} {fault.Why} {fault.Fix}");
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            Tell(what, StepState.Failed, failed.Message);
        }
    }

    /// <summary>Runs a program; one that is missing or fails is a failed step, or a skipped one where <paramref name="otherwise"/> says what happens instead.</summary>
    public void Run(string what, string program, IReadOnlyList<string> arguments, string? otherwise = null, TimeSpan? limit = null)
    {
        if (Failed) return;
        ProgramResult? result = host.Run(program, arguments, limit ?? ServiceHost.ProgramLimit);
        if (result is { Ok: true })
        {
            Tell(what, StepState.Done, "");
            return;
        }

        string why = result is null ? $"there is no {program} on this machine" : $"{program} {string.Join(' ', arguments)} ended with {result.ExitCode}: {result.LastLine}";
        Tell(what, otherwise is null ? StepState.Failed : StepState.Skipped, otherwise is null ? why : $"{why}; {otherwise}");
    }
}

/// <param name="Next">What to do now; empty when nothing.</param>
internal sealed record ServiceReport(string Kind, string Root, IReadOnlyList<ServiceStep> Steps, string Next) : IReport
{
    public ReportStatus Status => Steps.Any(s => s.State == StepState.Failed) ? ReportStatus.Fail : ReportStatus.Ok;

    public void WriteData(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("root", Root);
        writer.WriteStartArray("steps");
        foreach (ServiceStep step in Steps)
        {
            writer.WriteStartObject();
            writer.WriteString("step", step.What);
            writer.WriteString("state", Word(step.State));
            writer.WriteString("detail", step.Detail);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteString("next", Next);
        writer.WriteEndObject();
    }

    public void Render(IAnsiConsole console)
    {
        Table table = Facts.Table("step", "", "detail");
        foreach (ServiceStep step in Steps) table.AddRow(new Text(step.What), new Text(Word(step.State)), new Text(Facts.Plain(step.Detail)));
        console.Write(table);
        if (Next.Length > 0) console.WriteLine(Next);
    }

    private static string Word(StepState state) => state switch
    {
        StepState.Done => "done",
        StepState.Unchanged => "unchanged",
        StepState.Skipped => "skipped",
        _ => "failed",
    };
}
