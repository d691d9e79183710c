using System.Globalization;
using ClawMesh.Edge.Core.World;

namespace ClawMesh.Edge.Hardware.Inference.Onnx;

public sealed partial class OnnxWriter
{
    /// <summary>
    /// <paramref name="net"/> unrolled over <paramref name="steps"/>, so that a whole plan is one run: <c>state</c> [batch, StateSize] and
    /// <c>actions</c> [batch, steps, ActionSize] in, <c>trajectory</c> [batch, steps, StateSize] out, the state after each step; all normalised.
    /// </summary>
    /// <remarks>
    /// Each step gathers its own row of the actions: one Split into all of them needs more buffers than WebGPU's 16. Unrolled runs 1.25 to
    /// 1.4 times as fast as Scan on a CPU, and Scan has no kernel on WebGPU.
    /// </remarks>
    public static byte[] Dynamics(DynamicsNet net, int steps)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        (int stateSize, int actionSize, int hidden) = (net.StateSize, net.ActionSize, net.Hidden);
        var model = new OnnxWriter("dynamics");
        model.Input("state", null, stateSize);
        model.Input("actions", null, steps, actionSize);
        model.Output("trajectory", null, steps, stateSize);
        model.Constant("w1", net.Weights1, stateSize + actionSize, hidden);
        model.Constant("b1", net.Bias1, hidden);
        model.Constant("w2", net.Weights2, hidden, hidden);
        model.Constant("b2", net.Bias2, hidden);
        model.Constant("w3", net.Weights3, hidden, stateSize);
        model.Constant("b3", net.Bias3, stateSize);
        model.Constant("step_axis", [1L], 1);

        string state = "state";
        var rows = new string[steps];
        for (int step = 0; step < steps; step++) state = model.Step(state, step, rows);
        model.Node("Concat", "trajectory", 1, rows);
        return model.ToArray();
    }

    private string Step(string state, int step, string[] rows)
    {
        string n = step.ToString(CultureInfo.InvariantCulture);
        Constant("step" + n, [(long)step]);
        string action = Node("Gather", "action" + n, 1, "actions", "step" + n);
        string both = Node("Concat", "both" + n, 1, state, action);
        string first = Node("Relu", "first" + n, null, Node("Gemm", "sum1_" + n, null, both, "w1", "b1"));
        string second = Node("Relu", "second" + n, null, Node("Gemm", "sum2_" + n, null, first, "w2", "b2"));
        string next = Node("Add", "state" + n, null, state, Node("Gemm", "change" + n, null, second, "w3", "b3"));
        rows[step] = Node("Unsqueeze", "row" + n, null, next, "step_axis");
        return next;
    }
}
