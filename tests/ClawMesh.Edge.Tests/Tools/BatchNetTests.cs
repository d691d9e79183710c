using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.Hardware.Simulated;
using ClawMesh.Edge.Train.Training;

namespace ClawMesh.Edge.Tests.Tools;

public sealed class BatchNetTests
{
    private const int Steps = 3;

    // Sizes that are no multiple of the kernels' tile of four.
    private static readonly NetShape Tiny = new(State: 3, Action: 2, Hidden: 7);

    [Fact]
    public void The_gradient_is_what_finite_differences_say()
    {
        (float[] parameters, Batch batch) = Example(huber: 100);
        var net = new BatchNet(Tiny, Steps, batch.Size);
        float[] gradient = Gradient(net, parameters, batch);

        double worst = 0;
        for (int i = 0; i < parameters.Length; i++)
        {
            const float by = 1e-3f;
            float was = parameters[i];
            parameters[i] = was + by;
            double above = Loss(parameters, batch);
            parameters[i] = was - by;
            double below = Loss(parameters, batch);
            parameters[i] = was;
            double expected = (above - below) / (2 * by);
            worst = Math.Max(worst, Math.Abs(expected - gradient[i]) / Math.Max(0.05, Math.Abs(expected)));
        }

        Assert.True(worst < 0.02, $"the gradient is off by {worst} of itself");
        Assert.Contains(gradient, g => Math.Abs(g) > 0.05);
    }

    [Fact]
    public void A_large_error_pulls_no_more_than_the_straight_part_of_the_loss()
    {
        (float[] parameters, Batch batch) = Example(huber: 0.01f);
        var net = new BatchNet(Tiny, Steps, batch.Size);
        float[] gentle = Gradient(net, parameters, batch);
        for (int i = 0; i < batch.Targets.Length; i++) batch.Targets[i] += batch.Targets[i] > 0 ? 1_000 : -1_000;

        float[] outlier = Gradient(net, parameters, batch);

        Assert.True(outlier.Max(Math.Abs) < 20 * Math.Max(0.01, gentle.Max(Math.Abs)));
    }

    [Fact]
    public void A_target_that_is_not_known_pulls_nowhere()
    {
        (float[] parameters, Batch batch) = Example(huber: 100);
        Array.Fill(batch.Targets, float.NaN);

        Assert.All(Gradient(new BatchNet(Tiny, Steps, batch.Size), parameters, batch), g => Assert.Equal(0, g));
    }

    [Fact]
    public void A_batch_rolls_forward_as_the_shipped_net_steps()
    {
        (float[] parameters, Batch batch) = Example(huber: 100);
        var net = new BatchNet(Tiny, Steps, batch.Size);
        net.Forward(parameters, batch, Steps);
        DynamicsNet stepped = Tiny.Net(parameters);

        for (int at = 0; at < batch.Size; at++)
        {
            float[] state = [.. Enumerable.Range(0, 3).Select(i => batch.State[(i * batch.Size) + at])];
            for (int step = 0; step < Steps; step++)
            {
                stepped.Step(state, [batch.Actions[(((step * 2) + 0) * batch.Size) + at], batch.Actions[(((step * 2) + 1) * batch.Size) + at]]);
                for (int i = 0; i < 3; i++) Assert.Equal(state[i], net.StateAfter(step + 1)[(i * batch.Size) + at], 1e-4f);
            }
        }
    }

    [Fact]
    public void The_untrained_net_says_that_all_stays_as_it_is()
    {
        var shape = new NetShape(SoilState.Size, SoilAction.Size, 64);
        DynamicsNet net = shape.Net(shape.Initial(1));
        float[] state = [.. Enumerable.Range(0, 16).Select(i => (i - 8) / 8f)], before = [.. state];

        for (int step = 0; step < 24; step++) net.Step(state, new float[8]);

        for (int i = 0; i < state.Length; i++) Assert.Equal(before[i], state[i], 0.35f);
    }

    private static float[] Gradient(BatchNet net, float[] parameters, Batch batch)
    {
        var gradient = new float[Tiny.Parameters];
        net.Forward(parameters, batch, Steps);
        net.Backward(parameters, batch, Steps, gradient);
        return gradient;
    }

    // In doubles and plain loops, so that a small difference is not rounded away.
    private static double Loss(float[] parameters, Batch batch)
    {
        double loss = 0;
        for (int at = 0; at < batch.Size; at++)
        {
            double[] state = [.. Enumerable.Range(0, Tiny.State).Select(i => (double)batch.State[(i * batch.Size) + at])];
            for (int step = 0; step < Steps; step++)
            {
                double[] input = [.. state, .. Enumerable.Range(0, Tiny.Action).Select(i => (double)batch.Actions[(((step * Tiny.Action) + i) * batch.Size) + at])];
                double[] first = Layer(parameters, 0, Tiny.Bias1, input, Tiny.Hidden, relu: true);
                double[] second = Layer(parameters, Tiny.Weights2, Tiny.Bias2, first, Tiny.Hidden, relu: true);
                double[] change = Layer(parameters, Tiny.Weights3, Tiny.Bias3, second, Tiny.State, relu: false);
                for (int i = 0; i < state.Length; i++)
                {
                    state[i] += change[i];
                    int to = (((step * Tiny.State) + i) * batch.Size) + at;
                    loss += 0.5 * batch.Weights[to] * Math.Pow(state[i] - batch.Targets[to], 2);
                }
            }
        }

        return loss;
    }

    private static double[] Layer(float[] parameters, int weights, int bias, double[] input, int outputs, bool relu)
    {
        var output = new double[outputs];
        for (int o = 0; o < outputs; o++)
        {
            output[o] = parameters[bias + o];
            for (int i = 0; i < input.Length; i++) output[o] += input[i] * parameters[weights + (i * outputs) + o];
            if (relu) output[o] = Math.Max(0, output[o]);
        }

        return output;
    }

    private static (float[] Parameters, Batch Batch) Example(float huber)
    {
        var chance = new SeededStream(5, "gradient");
        float[] parameters = [.. Enumerable.Range(0, Tiny.Parameters).Select(_ => (float)(0.4 * chance.NextNormal()))];
        var batch = new Batch(Tiny, Steps, 16);
        foreach (float[] column in new[] { batch.State, batch.Actions, batch.Targets }) for (int i = 0; i < column.Length; i++) column[i] = (float)chance.NextNormal();
        for (int i = 0; i < batch.Weights.Length; i++) batch.Weights[i] = (float)chance.NextRatio() / 16;
        Array.Fill(batch.Huber, huber);
        return (parameters, batch);
    }
}
