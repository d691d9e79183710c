namespace ClawMesh.Edge.Train.Training;

/// <summary>Adam with decoupled weight decay (Kingma and Ba 2015; Loshchilov and Hutter 2019).</summary>
internal sealed class Adam(int parameters, float decay)
{
    private const float Mean = 0.9f;
    private const float Square = 0.999f;
    private const float LargestGradient = 1;

    private readonly float[] _means = new float[parameters];
    private readonly float[] _squares = new float[parameters];
    private int _steps;

    /// <summary>One step against a gradient, which is cut to a length of one first.</summary>
    public void Step(Span<float> values, Span<float> gradient, float rate)
    {
        _steps++;
        double length = 0;
        foreach (float g in gradient) length += (double)g * g;
        float scale = (float)Math.Min(1, LargestGradient / Math.Sqrt(length));
        float meanLeft = (float)(1 - Math.Pow(Mean, _steps)), squareLeft = (float)(1 - Math.Pow(Square, _steps));
        for (int i = 0; i < values.Length; i++)
        {
            float g = gradient[i] * scale;
            _means[i] = (Mean * _means[i]) + ((1 - Mean) * g);
            _squares[i] = (Square * _squares[i]) + ((1 - Square) * g * g);
            values[i] -= rate * ((_means[i] / meanLeft / (MathF.Sqrt(_squares[i] / squareLeft) + 1e-8f)) + (decay * values[i]));
        }
    }
}
