using System.Globalization;
using System.Text.Json;
using ClawMesh.Edge.Hardware.Inference;
using ClawMesh.Edge.Hardware.Inference.Onnx;
using Spectre.Console;

namespace ClawMesh.Edge.Agent.Cli.Verbs;

/// <param name="Skipped">Why it was not measured; empty when it was.</param>
internal sealed record ProviderTimings(OrtProvider Provider, string Skipped, IReadOnlyList<ModelTiming> Timings);

/// <summary>The answer of <c>model bench</c>.</summary>
internal sealed record ModelBenchReport(ModelFile Model, OrtLibrary Library, IReadOnlyList<ProviderTimings> Providers) : IReport
{
    public string Kind => "model bench";

    public ReportStatus Status => ReportStatus.Ok;

    public void WriteData(Utf8JsonWriter w)
    {
        w.WriteStartObject();
        w.WriteString("name", Model.Manifest.Name);
        w.WriteString("version", Model.Manifest.Version);
        w.WriteString("onnxRuntime", Library.Version);
        w.WriteStartArray("providers");
        foreach (ProviderTimings provider in Providers)
        {
            w.WriteStartObject();
            w.WriteString("provider", OrtOptions.NameOf(provider.Provider));
            w.WriteString("skipped", provider.Skipped);
            w.WriteStartArray("batches");
            foreach (ModelTiming timing in provider.Timings)
            {
                w.WriteStartObject();
                w.WriteNumber("batch", timing.Batch);
                w.WriteNumber("runs", timing.Runs);
                Write(w, "binding", timing.Binding);
                Write(w, "bare", timing.Bare);
                w.WriteNumber("bytesPerRun", Math.Round(timing.BytesPerRun, 2));
                w.WriteEndObject();
            }

            w.WriteEndArray();
            w.WriteEndObject();
        }

        w.WriteEndArray();
        w.WriteEndObject();
    }

    public void Render(IAnsiConsole console)
    {
        console.Write(Facts.Grid(("model", $"{Facts.Plain(Model.Manifest.Name)} {Facts.Plain(Model.Manifest.Version)}"), ("onnx runtime", $"{Library.Version}, {Library.Path}")));
        Table table = Facts.Table("provider", "batch", "runs", "min µs", "p50 µs", "p99 µs", "bare min µs", "bare p50 µs", "bare p99 µs", "bytes/run");
        foreach (ProviderTimings provider in Providers)
        {
            foreach (ModelTiming t in provider.Timings)
            {
                table.AddRow([.. ((string[])[
                    OrtOptions.NameOf(provider.Provider), Text(t.Batch), Text(t.Runs), Text(t.Binding.Min), Text(t.Binding.P50), Text(t.Binding.P99), Text(t.Bare.Min), Text(t.Bare.P50), Text(t.Bare.P99), Text(t.BytesPerRun),
                ]).Select(cell => new Text(cell))]);
            }
        }

        console.Write(table);
        foreach (ProviderTimings provider in Providers)
        {
            if (provider.Skipped.Length > 0) console.WriteLine($"{OrtOptions.NameOf(provider.Provider)} was not run: {Facts.Plain(provider.Skipped)}");
        }
    }

    private static void Write(Utf8JsonWriter w, string name, Percentiles microseconds)
    {
        w.WriteStartObject(name);
        w.WriteNumber("minMicroseconds", Math.Round(microseconds.Min, 2));
        w.WriteNumber("p50Microseconds", Math.Round(microseconds.P50, 2));
        w.WriteNumber("p99Microseconds", Math.Round(microseconds.P99, 2));
        w.WriteEndObject();
    }

    private static string Text(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}
