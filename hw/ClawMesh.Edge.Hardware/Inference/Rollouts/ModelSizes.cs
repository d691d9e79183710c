using ClawMesh.Edge.Core.World;

namespace ClawMesh.Edge.Hardware.Inference.Rollouts;

/// <summary>How many numbers a model's state and action have.</summary>
public readonly record struct ModelSizes(int StateSize, int ActionSize)
{
    public static ModelSizes Of(DynamicsNet net) => new(net.StateSize, net.ActionSize);
}
