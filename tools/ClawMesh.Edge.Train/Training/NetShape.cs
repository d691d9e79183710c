using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.Hardware.Simulated;

namespace ClawMesh.Edge.Train.Training;

/// <summary>Where the six arrays of a <see cref="DynamicsNet"/> lie in one flat array of parameters.</summary>
internal sealed record NetShape(int State, int Action, int Hidden)
{
    public int Inputs => State + Action;

    public int Bias1 => Inputs * Hidden;

    public int Weights2 => Bias1 + Hidden;

    public int Bias2 => Weights2 + (Hidden * Hidden);

    public int Weights3 => Bias2 + Hidden;

    public int Bias3 => Weights3 + (Hidden * State);

    public int Parameters => Bias3 + State;

    /// <summary>He's deviations for the two hidden layers; a last layer so small that the untrained net says "as it is now".</summary>
    public float[] Initial(ulong seed)
    {
        var chance = new SeededStream(seed, "weights");
        var parameters = new float[Parameters];
        Fill(parameters.AsSpan(0, Bias1), Math.Sqrt(2.0 / Inputs), chance);
        Fill(parameters.AsSpan(Weights2, Hidden * Hidden), Math.Sqrt(2.0 / Hidden), chance);
        Fill(parameters.AsSpan(Weights3, Hidden * State), 0.001, chance);
        return parameters;
    }

    public DynamicsNet Net(ReadOnlySpan<float> parameters) => new(
        State,
        Action,
        Hidden,
        parameters[..Bias1].ToArray(),
        parameters[Bias1..Weights2].ToArray(),
        parameters[Weights2..Bias2].ToArray(),
        parameters[Bias2..Weights3].ToArray(),
        parameters[Weights3..Bias3].ToArray(),
        parameters[Bias3..Parameters].ToArray());

    private static void Fill(Span<float> to, double deviation, SeededStream chance)
    {
        foreach (ref float value in to) value = (float)(deviation * chance.NextNormal());
    }
}
