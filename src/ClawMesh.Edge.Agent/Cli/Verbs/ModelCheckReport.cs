using System.Globalization;
using System.Text.Json;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.Hardware.Inference;
using ClawMesh.Edge.Hardware.Inference.Onnx;
using Spectre.Console;

namespace ClawMesh.Edge.Agent.Cli.Verbs;

/// <summary>The answer of <c>model check</c>.</summary>
/// <param name="Library">Null when there is no ONNX Runtime; then <paramref name="NoLibrary"/> says what was tried.</param>
/// <param name="Inspection">Null when the model was not run.</param>
internal sealed record ModelCheckReport(ModelReading Reading, OrtLibrary? Library, EdgeException? NoLibrary, ModelInspection? Inspection) : IReport
{
    public string Kind => "model check";

    public ReportStatus Status => Reading.Problems.Count == 0 && Inspection is { Passed: true } ? ReportStatus.Ok : ReportStatus.Fail;

    public void WriteData(Utf8JsonWriter w)
    {
        w.WriteStartObject();
        w.WriteString("manifest", Reading.Origin);
        if (Reading.Manifest is { } manifest)
        {
            w.WriteString("name", manifest.Name);
            w.WriteString("version", manifest.Version);
            w.WriteString("file", manifest.File);
            w.WriteString("sha256", manifest.Sha256);
        }

        ProblemList.Write(w, Reading.Problems);
        w.WriteStartObject("onnxRuntime");
        w.WriteBoolean("found", Library is not null);
        w.WriteString("path", Library?.Path ?? "");
        w.WriteString("version", Library?.Version ?? "");
        w.WriteString("why", NoLibrary?.Why ?? "");
        w.WriteString("fix", NoLibrary?.Fix ?? "");
        w.WriteEndObject();
        WritePorts(w, "inputs", Inspection?.Inputs ?? []);
        WritePorts(w, "outputs", Inspection?.Outputs ?? []);
        w.WriteStartArray("providers");
        foreach (ProviderTrial trial in Inspection?.Trials ?? []) WriteTrial(w, trial);
        w.WriteEndArray();
        w.WriteEndObject();
    }

    public void Render(IAnsiConsole console)
    {
        ModelManifest? manifest = Reading.Manifest;
        console.Write(Facts.Grid(
            ("model", manifest is null ? "" : $"{Facts.Plain(manifest.Name)} {Facts.Plain(manifest.Version)}"), ("manifest", Reading.Origin), ("sha256", manifest is null ? "" : Facts.Plain(manifest.Sha256)),
            ("onnx runtime", Library is null ? "not found" : $"{Library.Version}, {Library.Path}"), ("why", NoLibrary?.Why ?? ""), ("fix", NoLibrary?.Fix ?? "")));
        ProblemList.Render(console, Reading.Problems);
        if (Inspection is null)
        {
            console.WriteLine("The model was not run.");
            return;
        }

        Table ports = Facts.Table("tensor", "graph", "manifest", "notes");
        foreach (OrtPort port in Inspection.Inputs) ports.AddRow(new Text($"in  {Facts.Plain(port.Name)}"), new Text(OrtPort.Text(port.Shape)), new Text(port.Manifest is { } m ? OrtPort.Text(m) : "-"), new Text(port.Problem));
        foreach (OrtPort port in Inspection.Outputs) ports.AddRow(new Text($"out {Facts.Plain(port.Name)}"), new Text(OrtPort.Text(port.Shape)), new Text(port.Manifest is { } m ? OrtPort.Text(m) : "-"), new Text(port.Problem));
        console.Write(ports);
        Table providers = Facts.Table("provider", "golden", "used", "notes");
        foreach (ProviderTrial trial in Inspection.Trials)
        {
            providers.AddRow(
                new Text(OrtOptions.NameOf(trial.Provider)), new Text(trial.GoldenDifference is { } d ? $"off by {d.ToString("g2", CultureInfo.InvariantCulture)}, {Reading.Manifest!.Golden.Tolerance.ToString("g2", CultureInfo.InvariantCulture)} allowed" : "-"),
                new Text(trial.Used ? "yes" : "no"), new Text(Facts.Plain(trial.Fault?.Why ?? trial.Skipped)));
        }

        console.Write(providers);
        console.WriteLine(Status == ReportStatus.Ok ? "The model may be used." : "The model must not be used.");
    }

    private static void WritePorts(Utf8JsonWriter w, string name, IReadOnlyList<OrtPort> ports)
    {
        w.WriteStartArray(name);
        foreach (OrtPort port in ports)
        {
            w.WriteStartObject();
            w.WriteString("name", port.Name);
            w.WriteString("graph", OrtPort.Text(port.Shape));
            w.WriteString("manifest", port.Manifest is { } m ? OrtPort.Text(m) : "");
            w.WriteString("problem", port.Problem);
            w.WriteEndObject();
        }

        w.WriteEndArray();
    }

    private static void WriteTrial(Utf8JsonWriter w, ProviderTrial trial)
    {
        w.WriteStartObject();
        w.WriteString("provider", OrtOptions.NameOf(trial.Provider));
        w.WriteBoolean("works", trial.Fault is null);
        w.WriteBoolean("used", trial.Used);
        w.WriteString("reason", trial.Fault?.Why ?? trial.Skipped);
        w.WriteString("code", trial.Fault?.Code ?? "");
        if (trial.GoldenDifference is { } difference && float.IsFinite(difference)) w.WriteNumber("goldenDifference", difference);
        w.WriteEndObject();
    }
}
