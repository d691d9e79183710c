namespace ClawMesh.Edge.Train.Training;

/// <summary>Rolls a batch forward over all of its steps and the gradient back through them. One thread.</summary>
internal sealed class BatchNet(NetShape shape, int steps, int size)
{
    private readonly int _inputs = shape.Inputs * size;
    private readonly int _hidden = shape.Hidden * size;
    private readonly int _state = shape.State * size;

    // What the backward pass needs of each step: input, and the two activations.
    private readonly float[] _x = new float[(steps + 1) * shape.Inputs * size];
    private readonly float[] _first = new float[steps * shape.Hidden * size];
    private readonly float[] _second = new float[steps * shape.Hidden * size];

    private readonly float[] _toState = new float[shape.State * size];
    private readonly float[] _toFirst = new float[shape.Hidden * size];
    private readonly float[] _toSecond = new float[shape.Hidden * size];
    private readonly float[] _toInput = new float[shape.Inputs * size];

    /// <summary>[State, Size] after a number of steps; valid until the next call of <see cref="Forward"/>.</summary>
    public ReadOnlySpan<float> StateAfter(int count) => _x.AsSpan(count * _inputs, _state);

    public void Forward(ReadOnlySpan<float> parameters, Batch batch, int unroll)
    {
        batch.State.CopyTo(_x.AsSpan());
        for (int step = 0; step < unroll; step++)
        {
            Span<float> x = _x.AsSpan(step * _inputs, _inputs), first = _first.AsSpan(step * _hidden, _hidden), second = _second.AsSpan(step * _hidden, _hidden);
            batch.Actions.AsSpan(step * shape.Action * size, shape.Action * size).CopyTo(x[_state..]);
            Kernels.Product(parameters, 1, shape.Hidden, x, parameters.Slice(shape.Bias1, shape.Hidden), first, shape.Hidden, shape.Inputs, size);
            Kernels.Relu(first);
            Kernels.Product(parameters[shape.Weights2..], 1, shape.Hidden, first, parameters.Slice(shape.Bias2, shape.Hidden), second, shape.Hidden, shape.Hidden, size);
            Kernels.Relu(second);
            Span<float> next = _x.AsSpan((step + 1) * _inputs, _state);
            Kernels.Product(parameters[shape.Weights3..], 1, shape.State, second, parameters.Slice(shape.Bias3, shape.State), next, shape.State, shape.Hidden, size);
            Kernels.Add(x[.._state], next);
        }
    }

    /// <summary>Adds the gradient of the loss of the last <see cref="Forward"/>.</summary>
    /// <returns>The loss.</returns>
    public double Backward(ReadOnlySpan<float> parameters, Batch batch, int unroll, Span<float> gradient)
    {
        double loss = 0;
        Array.Clear(_toState);
        for (int step = unroll - 1; step >= 0; step--)
        {
            loss += AddLoss(batch, step);
            ReadOnlySpan<float> x = _x.AsSpan(step * _inputs, _inputs), first = _first.AsSpan(step * _hidden, _hidden), second = _second.AsSpan(step * _hidden, _hidden);
            Kernels.Outer(second, _toState, gradient[shape.Weights3..], shape.Hidden, shape.State, size);
            Kernels.RowSums(_toState, gradient[shape.Bias3..], shape.State, size);

            Kernels.Product(parameters[shape.Weights3..], shape.State, 1, _toState, default, _toSecond, shape.Hidden, shape.State, size);
            Kernels.ReluGradient(_toSecond, second);
            Kernels.Outer(first, _toSecond, gradient[shape.Weights2..], shape.Hidden, shape.Hidden, size);
            Kernels.RowSums(_toSecond, gradient[shape.Bias2..], shape.Hidden, size);

            Kernels.Product(parameters[shape.Weights2..], shape.Hidden, 1, _toSecond, default, _toFirst, shape.Hidden, shape.Hidden, size);
            Kernels.ReluGradient(_toFirst, first);
            Kernels.Outer(x, _toFirst, gradient, shape.Inputs, shape.Hidden, size);
            Kernels.RowSums(_toFirst, gradient[shape.Bias1..], shape.Hidden, size);

            if (step == 0) break;
            Kernels.Product(parameters, shape.Hidden, 1, _toFirst, default, _toInput, shape.State, shape.Hidden, size);
            Kernels.Add(_toInput.AsSpan(0, _state), _toState);
        }

        return loss;
    }

    // Huber's loss of the state after a step, and its slope into the gradient of that state.
    private double AddLoss(Batch batch, int step)
    {
        ReadOnlySpan<float> state = _x.AsSpan((step + 1) * _inputs, _state);
        ReadOnlySpan<float> targets = batch.Targets.AsSpan(step * _state, _state), weights = batch.Weights.AsSpan(step * _state, _state);
        double loss = 0;
        for (int i = 0; i < state.Length; i++)
        {
            float weight = weights[i];
            if (weight == 0 || float.IsNaN(targets[i])) continue;
            float error = state[i] - targets[i], huber = batch.Huber[i % size], slope = Math.Clamp(error, -huber, huber);
            loss += weight * slope * (error - (0.5 * slope));
            _toState[i] += weight * slope;
        }

        return loss;
    }
}
