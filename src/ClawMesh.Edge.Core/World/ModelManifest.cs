namespace ClawMesh.Edge.Core.World;

/// <summary>What a model is, in <c>*.model.json</c> beside its <c>.onnx</c>. A model without one is refused.</summary>
public sealed record ModelManifest
{
    public required int Schema { get; init; }

    public required string Name { get; init; }

    public required string Version { get; init; }

    /// <summary>The file beside the manifest, without a folder.</summary>
    public required string File { get; init; }

    /// <summary>Lower-case hex of the file.</summary>
    public required string Sha256 { get; init; }

    /// <summary>In the order of the graph.</summary>
    public required IReadOnlyList<ModelInput> Inputs { get; init; }

    public required IReadOnlyList<ModelOutput> Outputs { get; init; }

    /// <summary>How far back the inputs look, minutes.</summary>
    public required int WindowMinutes { get; init; }

    /// <summary>Length of one step of the output, minutes.</summary>
    public required int StepMinutes { get; init; }

    public required int Steps { get; init; }

    public required ModelTraining Training { get; init; }

    public required ModelGolden Golden { get; init; }
}

/// <param name="Shape">Null stands for the batch.</param>
/// <param name="Fields">Of the last axis, in order.</param>
public sealed record ModelInput(string Name, IReadOnlyList<int?> Shape, IReadOnlyList<ModelField> Fields);

/// <summary>One number of an input: the model sees (value − mean) / deviation.</summary>
public sealed record ModelField(string Name, string Unit, double Mean, double Deviation);

public sealed record ModelOutput(string Name, IReadOnlyList<int?> Shape, string Unit, IReadOnlyList<ModelHorizon> Horizons);

/// <param name="Use"><c>model</c>, or <c>persistence</c> where the model did not beat it on validation data.</param>
/// <param name="Quantiles">Offsets from the point forecast, in the unit of the output, by probability: 0.1, 0.5, 0.9.</param>
public sealed record ModelHorizon(int Minutes, string Use, IReadOnlyList<ModelQuantile> Quantiles);

public sealed record ModelQuantile(double Probability, double Offset);

/// <param name="Statement">On what it was trained and what it was not shown.</param>
public sealed record ModelTraining(string Statement, IReadOnlyList<string> Data);

/// <summary>One input with the output it must give, as flat arrays; the same order as the graph's.</summary>
public sealed record ModelGolden(IReadOnlyList<float[]> Inputs, IReadOnlyList<float[]> Outputs, float Tolerance);
