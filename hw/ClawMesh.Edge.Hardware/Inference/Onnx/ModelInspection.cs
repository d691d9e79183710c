using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Hardware.Inference.Onnx;

/// <summary>What the graph of a model shows, and what each provider makes of it.</summary>
/// <param name="Inputs">Empty when the CPU could not load the model.</param>
public sealed record ModelInspection(IReadOnlyList<OrtPort> Inputs, IReadOnlyList<OrtPort> Outputs, IReadOnlyList<ProviderTrial> Trials)
{
    /// <summary>Whether the model may be used, which the CPU decides.</summary>
    public bool Passed => Trials[^1].Fault is null;

    /// <summary>Tries the model on every provider, asked for or not; the CPU comes last.</summary>
    public static ModelInspection Of(OrtLibrary library, ModelFile model, OrtOptions options)
    {
        IReadOnlyList<ProviderOutcome> outcomes = Choice(library, model, options);
        var trials = new List<ProviderTrial>();
        (IReadOnlyList<OrtPort> inputs, IReadOnlyList<OrtPort> outputs) = ([], []);
        for (OrtProvider provider = OrtProvider.TensorRt; provider <= OrtProvider.Cpu; provider++)
        {
            EdgeException? fault = null;
            float? difference = null;
            try
            {
                using OrtSession session = OrtSession.Load(library, model, options, provider);
                (inputs, outputs) = (session.Inputs, session.Outputs);
                session.CheckGraph();
                try
                {
                    session.CheckGolden();
                }
                finally
                {
                    difference = session.GoldenDifference;
                }
            }
            catch (EdgeException unusable)
            {
                fault = unusable;
            }

            ProviderOutcome? outcome = outcomes.FirstOrDefault(o => o.Provider == provider);
            trials.Add(new ProviderTrial(provider, outcome is { Used: true }, outcome?.Reason ?? "", fault, difference));
        }

        return new ModelInspection(inputs, outputs, trials);
    }

    // What a node would do. When not even the CPU works, it would do nothing.
    private static IReadOnlyList<ProviderOutcome> Choice(OrtLibrary library, ModelFile model, OrtOptions options)
    {
        try
        {
            using OrtSession session = OrtSession.Open(library, model, options);
            return session.Providers;
        }
        catch (EdgeException)
        {
            return [];
        }
    }
}

/// <summary>One provider's try at a model.</summary>
/// <param name="Used">Whether a node with these options would run the model on it.</param>
/// <param name="Skipped">Why not; empty when it would.</param>
/// <param name="Fault">What went wrong; null when the golden output came out.</param>
/// <param name="GoldenDifference">The largest difference from the golden output; null when it gave none.</param>
public sealed record ProviderTrial(OrtProvider Provider, bool Used, string Skipped, EdgeException? Fault, float? GoldenDifference);
