using System.CommandLine;
using System.Text.Json;
using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Inference;
using ClawMesh.Edge.Hardware.Inference.Onnx;

namespace ClawMesh.Edge.Agent.Cli.Verbs;

/// <summary><c>model check|bench</c>: what a model file is worth on this machine. Needs no node.</summary>
internal static class ModelVerb
{
    private static readonly int[] Batches = [1, 256, 4_096];

    public static Command Build(GlobalOptions global) => new("model", "Model files: what they are and how fast they run here.") { Check(global), Bench(global) };

    private static Argument<string> File() => new("FILE") { Description = "A model, or its manifest *.model.json." };

    private static Command Check(GlobalOptions global)
    {
        Argument<string> file = File();
        var command = new Command("check", "A model against its manifest: hash, graph and golden output, on every provider; exit 1 when it must not be used.") { file };
        global.Report(command, (context, parsed, _) =>
        {
            OrtOptions options = Options(context);
            ModelReading reading = ModelFile.Read(parsed.GetRequiredValue(file));
            try
            {
                OrtLibrary library = OrtLibrary.Open(options);
                ModelInspection? inspection = reading.Problems.Count == 0 ? ModelInspection.Of(library, reading.OrThrow(), options) : null;
                return Task.FromResult<IReport>(new ModelCheckReport(reading, library, null, inspection));
            }
            catch (EdgeException absent) when (absent.Code == "model.no_runtime")
            {
                return Task.FromResult<IReport>(new ModelCheckReport(reading, null, absent, null));
            }
        });
        return command;
    }

    private static Command Bench(GlobalOptions global)
    {
        Argument<string> file = File();
        var seconds = new Option<double>("--seconds") { Description = "How long to measure each batch on each provider.", DefaultValueFactory = _ => 2, HelpName = "N" };
        seconds.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && !(result.GetValueOrDefault<double>() is >= 0 and <= 60)) result.AddError("--seconds must be 0 to 60.");
        });
        var command = new Command("bench", "How long a run takes by provider and batch, beside the C function alone.") { file, seconds };
        global.Report(command, (context, parsed, _) =>
        {
            OrtOptions options = Options(context);
            ModelFile model = ModelFile.Load(parsed.GetRequiredValue(file));
            OrtLibrary library = OrtLibrary.Open(options);
            return Task.FromResult<IReport>(new ModelBenchReport(model, library, Measure(library, model, options, TimeSpan.FromSeconds(parsed.GetValue(seconds)), context.Time)));
        });
        return command;
    }

    private static OrtOptions Options(CliContext context) =>
        RootLibraries.Own.Runtime(ModelSettings.Read(NodeConfig.Load(context.State, new Dictionary<string, (string Flag, JsonElement Value)>()).OrThrow()));

    // A provider that is not there has a line too: what was not measured must not look forgotten.
    private static List<ProviderTimings> Measure(OrtLibrary library, ModelFile model, OrtOptions options, TimeSpan limit, TimeProvider time)
    {
        var measured = new List<ProviderTimings>();
        for (OrtProvider provider = OrtProvider.TensorRt; provider <= OrtProvider.Cpu; provider++)
        {
            var timings = new List<ModelTiming>();
            try
            {
                using OrtSession session = OrtSession.OpenOn(library, model, options, provider);
                bool open = model.Manifest.Inputs.Any(i => i.Shape[0] is null);
                foreach (int batch in open ? Batches : [1]) timings.Add(ModelTiming.Measure(session, batch, limit, time));
                measured.Add(new ProviderTimings(provider, "", timings));
            }
            catch (EdgeException unusable) when (provider != OrtProvider.Cpu)
            {
                measured.Add(new ProviderTimings(provider, unusable.Why, timings));
            }
        }

        return measured;
    }
}
