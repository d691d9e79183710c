using ClawMesh.Edge.Core.World;

namespace ClawMesh.Edge.World.Forecasts;

/// <summary>What one minute of watering adds to a zone's moisture, as the model sees it: a quarter of an hour at once, against doing nothing.</summary>
public static class WateringRise
{
    private const int QuarterMinutes = 15;

    /// <summary>Percent per minute of watering, [steps], at the end of each hour after it. Rolls two futures on the caller's engine.</summary>
    /// <param name="state">[<see cref="SoilState.Size"/>], normalised.</param>
    /// <param name="known">[steps, <see cref="SoilAction.Size"/>]: what is known of each hour; columns 0 to 3 are ignored.</param>
    /// <param name="percentPerUnit">Percent moisture per normalised unit.</param>
    public static float[] PerMinute(IRolloutEngine engine, ReadOnlySpan<float> state, ReadOnlySpan<float> known, int steps, float percentPerUnit)
    {
        int row = steps * SoilAction.Size;
        float[] states = new float[2 * SoilState.Size], actions = new float[2 * row], moisture = new float[2 * steps];
        state.CopyTo(states);
        state.CopyTo(states.AsSpan(SoilState.Size));
        known[..row].CopyTo(actions);
        for (int step = 0; step < steps; step++) actions.AsSpan((step * SoilAction.Size) + SoilAction.FirstQuarter, 4).Clear();
        actions.AsSpan(0, row).CopyTo(actions.AsSpan(row));
        actions[row + SoilAction.FirstQuarter] = 1;

        engine.Roll(states, actions, steps, moisture);
        float[] rise = new float[steps];
        for (int step = 0; step < steps; step++) rise[step] = (moisture[steps + step] - moisture[step]) * percentPerUnit / QuarterMinutes;
        return rise;
    }
}
