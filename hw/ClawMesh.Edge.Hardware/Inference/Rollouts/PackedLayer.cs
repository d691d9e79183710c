namespace ClawMesh.Edge.Hardware.Inference.Rollouts;

/// <summary>
/// The weights of one layer as the kernel reads them: panels of one or two vectors of outputs, in each the weights of input 0, input 1
/// and so on, so that one walk through memory serves a panel. Outputs are filled up with zeros. Immutable.
/// </summary>
internal sealed class PackedLayer
{
    /// <param name="weights">[inputs, outputs].</param>
    /// <param name="columns">Where in a row of activations each input stands.</param>
    /// <param name="inputs">Columns of such a row, with those that hold nothing.</param>
    /// <param name="lanes">Floats of a vector.</param>
    public PackedLayer(float[] weights, float[] bias, int[] columns, int inputs, int lanes)
    {
        int outputs = bias.Length;
        Inputs = inputs;
        // Two vectors at a time keep more sums on their way; one where the second would hold nothing in the last panel.
        Vectors = ((outputs + lanes - 1) / lanes) % 2 == 0 ? 2 : 1;
        int width = Vectors * lanes;
        Panels = (outputs + width - 1) / width;
        Outputs = Panels * width;
        Bias = new float[Outputs];
        bias.CopyTo(Bias, 0);
        Weights = new float[inputs * Outputs];
        for (int i = 0; i < columns.Length; i++)
        {
            for (int o = 0; o < outputs; o++)
            {
                Weights[((((o / width) * inputs) + columns[i]) * width) + (o % width)] = weights[(i * outputs) + o];
            }
        }
    }

    public int Inputs { get; }

    /// <summary>Of a panel: 1 or 2.</summary>
    public int Vectors { get; }

    public int Panels { get; }

    /// <summary>With the filled-up ones.</summary>
    public int Outputs { get; }

    public float[] Weights { get; }

    public float[] Bias { get; }
}
