using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Agent.Forecasting;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Inference;
using ClawMesh.Edge.Hardware.Inference.Onnx;

namespace ClawMesh.Edge.Agent.Diag;

/// <summary>What the world model runs on: each engine there is makes a real plan and is timed, each library says which it is, the model answers its golden question.</summary>
internal sealed class GpuGroup : IDiagGroup
{
    // A driver that compiles the kernel for the first time takes seconds.
    private static readonly TimeSpan EnginesDeadline = TimeSpan.FromSeconds(4);

    public string Name => "gpu";

    public Task<IReadOnlyList<DiagCheck>> ChecksAsync(DiagContext context, CancellationToken cancellationToken) => Task.FromResult(Checks(context, RootLibraries.Own));

    internal IReadOnlyList<DiagCheck> Checks(DiagContext context, RootLibraries libraries)
    {
        ModelChoice choice = context.Config is { IsValid: true } config ? ModelSettings.Choice(config) : ModelChoice.Default;
        return
        [
            new(Name, "model", () => Model(choice)) { DeadlineClass = FailureClass.Model },
            new(Name, "onnxruntime", () => Trusted(libraries, choice, Runtime)) { DeadlineClass = FailureClass.Model },
            new(Name, "engines", () => Trusted(libraries, choice, c => Engines(c, context.Time))) { Deadline = EnginesDeadline, DeadlineClass = FailureClass.Gpu },
        ];
    }

    // `sudo clawmesh-edge diag` must not run what the node's user has named.
    private static CheckOutcome Trusted(RootLibraries libraries, ModelChoice choice, Func<ModelChoice, CheckOutcome> check)
    {
        try
        {
            return check(libraries.Checked(choice));
        }
        catch (EdgeException refused) when (refused.Code == "model.library_not_roots")
        {
            return CheckOutcome.Skip($"{refused.Why} {refused.Fix}");
        }
    }

    internal static CheckOutcome Model(ModelChoice choice)
    {
        try
        {
            if (choice.File is { } file)
            {
                ModelFile model = ModelFile.Load(file);
                return CheckOutcome.Pass($"{model.Manifest.Name} {model.Manifest.Version} of '{file}' is the one its manifest was written for").Because(model.Manifest.Training.Statement);
            }

            ShippedModel shipped = ShippedModel.Load();
            return CheckOutcome.Pass($"{shipped.Manifest.Name} {shipped.Manifest.Version}, shipped, answers its golden question").Because(shipped.Manifest.Training.Statement);
        }
        catch (EdgeException unusable)
        {
            return CheckOutcome.Fail(unusable);
        }
    }

    internal static CheckOutcome Runtime(ModelChoice choice)
    {
        bool needed = choice.File is not null || choice.Runtime.Library is not null;
        if (!needed) return CheckOutcome.Skip("the shipped model needs none, and none is configured");
        try
        {
            OrtLibrary library = OrtLibrary.Open(choice.Runtime);
            return CheckOutcome.Pass($"ONNX Runtime {library.Version}, '{library.Path}'").Because($"providers built in: {string.Join(", ", library.BuiltIn)}; whether one works is seen under engines")
                .With("version", library.Version).With("path", library.Path);
        }
        catch (EdgeException missing)
        {
            return CheckOutcome.Fail(missing);
        }
    }

    internal static CheckOutcome Engines(ModelChoice choice, TimeProvider time)
    {
        try
        {
            EngineRoom room = EngineRoom.Open(choice, time);
            using (room.Engine)
            {
                return CheckOutcome.Pass($"{room.Engine.Name} ({room.Engine.Device}) plans and forecasts").Because([.. room.Trials, .. room.Skipped.Where(s => !room.Trials.Contains(s))])
                    .With("engine", room.Engine.Name).With("device", room.Engine.Device);
            }
        }
        catch (EdgeException unusable)
        {
            return CheckOutcome.Fail(unusable);
        }
    }
}
