using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.Train.Series;
using ClawMesh.Edge.World.Forecasts;

namespace ClawMesh.Edge.Train.Training;

/// <summary>Series with the slots at which a forecast may begin, and the state of every slot, computed once as a node would.</summary>
internal sealed class Examples
{
    private readonly IReadOnlyList<SoilSeries> _series;
    private readonly float[][] _states;
    private readonly IReadOnlyList<ModelField> _fields;
    private readonly (int Series, int Slot)[] _origins;

    public Examples(IReadOnlyList<SoilSeries> series, Func<SoilSeries, IEnumerable<int>> origins, IReadOnlyList<ModelField> fields)
    {
        (_series, _fields) = (series, fields);
        _states = [.. series.Select(one => States(one, fields))];
        _origins = [.. Enumerable.Range(0, series.Count).SelectMany(i => origins(series[i]).Where(slot => !float.IsNaN(_states[i][slot * SoilState.Size])).Select(slot => (i, slot)))];
    }

    public int Count => _origins.Length;

    public SoilSeries Series(int example) => _series[_origins[example].Series];

    public int Slot(int example) => _origins[example].Slot;

    /// <summary>[16], normalised, of the example's present and of a slot later.</summary>
    public ReadOnlySpan<float> State(int example, int slotsLater = 0) => _states[_origins[example].Series].AsSpan((_origins[example].Slot + slotsLater) * SoilState.Size, SoilState.Size);

    /// <summary>Moisture as it came, normalised; NaN where it is not known.</summary>
    public float Target(int example, int step)
    {
        (int series, int slot) = _origins[example];
        return (float)((_series[series].Truth[slot + (step * SoilSeries.StepSlots)] - _fields[SoilState.Moisture].Mean) / _fields[SoilState.Moisture].Deviation);
    }

    /// <summary>Moisture as it came, percent.</summary>
    public float Truth(int example, int step) => Series(example).Truth[Slot(example) + (step * SoilSeries.StepSlots)];

    /// <summary>Moisture jumps up somewhere in the example's 24 hours, and nobody recorded why.</summary>
    public bool Jumps(int example) => Series(example).Jumped.AsSpan(Slot(example) + 1, SoilSeries.HorizonSlots).Contains(true);

    /// <summary>Puts an example at a place of a batch, without targets.</summary>
    public void Fill(int example, Batch batch, int at, double idleLitresPerMinute)
    {
        ReadOnlySpan<float> state = State(example);
        for (int i = 0; i < SoilState.Size; i++) batch.State[(i * batch.Size) + at] = state[i];
        Span<float> rows = stackalloc float[SoilSeries.Steps * SoilAction.Size];
        Series(example).Actions(Slot(example), idleLitresPerMinute, rows);
        for (int i = 0; i < batch.Steps * SoilAction.Size; i++) batch.Actions[(i * batch.Size) + at] = rows[i];
    }

    // NaN moisture marks a slot without a state.
    private static float[] States(SoilSeries series, IReadOnlyList<ModelField> fields)
    {
        var states = new float[series.Length * SoilState.Size];
        Array.Fill(states, float.NaN);
        var window = new SoilWindow();
        for (int slot = SoilWindow.Slots - 1; slot < series.Length; slot++)
        {
            series.Window(slot, window);
            SoilFeatures.State(window, fields, states.AsSpan(slot * SoilState.Size, SoilState.Size));
        }

        return states;
    }
}
