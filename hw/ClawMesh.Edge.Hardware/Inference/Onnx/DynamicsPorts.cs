using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.World;

namespace ClawMesh.Edge.Hardware.Inference.Onnx;

/// <summary>Where a model of dynamics takes its state and actions and gives its trajectory; places are those of the manifest.</summary>
internal sealed class DynamicsPorts
{
    public const string StateName = "state";
    public const string ActionsName = "actions";
    public const string TrajectoryName = "trajectory";

    /// <exception cref="EdgeException"><c>model.not_dynamics</c> (model): the manifest describes another kind of model.</exception>
    public DynamicsPorts(ModelManifest manifest)
    {
        for (int i = 0; i < manifest.Inputs.Count; i++)
        {
            if (manifest.Inputs[i] is { Name: StateName, Shape: [null, { } states] }) (StateInput, StateSize) = (i, states);
            if (manifest.Inputs[i] is { Name: ActionsName, Shape: [null, { } steps, { } size] }) (ActionsInput, Steps, ActionSize) = (i, steps, size);
        }

        for (int i = 0; i < manifest.Outputs.Count; i++)
        {
            if (manifest.Outputs[i] is { Name: TrajectoryName, Shape: [null, { } steps, { } states] } && steps == Steps && states == StateSize) TrajectoryOutput = i;
        }

        if (StateSize > 0 && ActionSize >= 4 && TrajectoryOutput >= 0 && manifest.Inputs.Count == 2) return;
        throw new EdgeException(
            "model.not_dynamics", $"The model '{manifest.Name}' cannot be rolled forward.",
            $"Inputs {StateName} [batch, n], {ActionsName} [batch, steps, 4 or more] and output {TrajectoryName} [batch, steps, n] are needed; the manifest has {string.Join(", ", [.. manifest.Inputs.Select(i => $"{i.Name} {OrtPort.Text(i.Shape)}"), .. manifest.Outputs.Select(o => $"{o.Name} {OrtPort.Text(o.Shape)}")])}.",
            "Take a model that tools/ClawMesh.Edge.Train has exported.", FailureClass.Model);
    }

    public int StateInput { get; }

    public int ActionsInput { get; }

    public int TrajectoryOutput { get; } = -1;

    public int StateSize { get; }

    public int ActionSize { get; }

    public int Steps { get; }
}
