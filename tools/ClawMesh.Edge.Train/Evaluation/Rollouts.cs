using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.Train.Series;
using ClawMesh.Edge.Train.Training;

namespace ClawMesh.Edge.Train.Evaluation;

/// <summary>What a net says of examples.</summary>
internal static class Rollouts
{
    /// <summary>The moisture of one example after each of 24 hours, normalised, in plain steps of the shipped net.</summary>
    public static float[] Of(DynamicsNet net, Examples examples, int example)
    {
        var rows = new float[SoilSeries.Steps * SoilAction.Size];
        examples.Series(example).Actions(examples.Slot(example), SoilAction.NominalLitresPerMinute, rows);
        return Of(net, examples.State(example), rows);
    }

    /// <param name="rows">[24, 8].</param>
    public static float[] Of(DynamicsNet net, ReadOnlySpan<float> begin, ReadOnlySpan<float> rows)
    {
        Span<float> state = stackalloc float[SoilState.Size];
        begin.CopyTo(state);
        var moisture = new float[SoilSeries.Steps];
        for (int step = 0; step < moisture.Length; step++)
        {
            net.Step(state, rows.Slice(step * SoilAction.Size, SoilAction.Size));
            moisture[step] = state[SoilState.Moisture];
        }

        return moisture;
    }

    /// <summary>RMSE in percent at each of the horizons, computed in batches: for looking while training.</summary>
    public static double[] Errors(BatchNet net, Batch batch, ReadOnlySpan<float> parameters, Examples examples, IReadOnlyList<int> chosen, ModelField moisture, IReadOnlyList<int> hours)
    {
        var squares = new double[hours.Count];
        for (int first = 0; first < chosen.Count; first += batch.Size)
        {
            int count = Math.Min(batch.Size, chosen.Count - first);
            for (int at = 0; at < count; at++) examples.Fill(chosen[first + at], batch, at, SoilAction.NominalLitresPerMinute);
            net.Forward(parameters, batch, SoilSeries.Steps);
            for (int h = 0; h < squares.Length; h++)
            {
                ReadOnlySpan<float> state = net.StateAfter(hours[h]);
                for (int at = 0; at < count; at++)
                {
                    double error = (state[at] - examples.Target(chosen[first + at], hours[h])) * moisture.Deviation;
                    squares[h] += error * error;
                }
            }
        }

        return [.. squares.Select(s => Math.Sqrt(s / chosen.Count))];
    }
}
