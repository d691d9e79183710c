namespace ClawMesh.Edge.Train.Training;

/// <summary>Examples side by side, [row, batch]: where they begin, what is done, what came of it, and how much each number of that counts.</summary>
internal sealed class Batch(NetShape shape, int steps, int size)
{
    public int Steps { get; } = steps;

    /// <summary>A multiple of <see cref="Kernels.Lanes"/>.</summary>
    public int Size { get; } = size;

    /// <summary>[State, Size].</summary>
    public float[] State { get; } = new float[shape.State * size];

    /// <summary>[Steps, Action, Size].</summary>
    public float[] Actions { get; } = new float[steps * shape.Action * size];

    /// <summary>[Steps, State, Size]; NaN is not counted.</summary>
    public float[] Targets { get; } = new float[steps * shape.State * size];

    /// <summary>[Steps, State, Size].</summary>
    public float[] Weights { get; } = new float[steps * shape.State * size];

    /// <summary>[Size], where the loss of one number of an example turns from square to straight, normalised.</summary>
    public float[] Huber { get; } = new float[size];
}
