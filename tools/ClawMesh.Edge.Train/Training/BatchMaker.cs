using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.Hardware.Simulated;
using ClawMesh.Edge.Train.Series;

namespace ClawMesh.Edge.Train.Training;

/// <summary>Draws examples of the field and of the farm, hides some of their inputs, and says how much each target counts.</summary>
/// <param name="field">Null while only the farm is learned.</param>
internal sealed class BatchMaker(Examples? field, TrainingSets sets, TrainingPlan plan, ulong seed)
{
    private static readonly int[] Temperatures = [SoilState.SoilTemperature, SoilState.AirTemperature, SoilState.AirTemperatureMean24Hours];

    private readonly SeededStream _chance = new(seed, "batches");

    public void Next(Batch batch)
    {
        int fromField = field is null ? 0 : (int)(batch.Size * plan.FieldShare);
        for (int at = 0; at < batch.Size; at++)
        {
            if (at < fromField) Field(field!, batch, at);
            else Farm(batch, at);
        }
    }

    private void Field(Examples field, Batch batch, int at)
    {
        int example = (int)(_chance.NextRatio() * field.Count);
        field.Fill(example, batch, at, idleLitresPerMinute: 0);
        Targets(field, example, batch, at, plan.FieldWeight);
        if (plan.MaskAfterJump) MaskAfterJump(field, example, batch, at);

        // One season of one place: what the level of warmth and pressure meant there is not to be learned, only how they change.
        float warmer = (float)(plan.TemperatureShift * _chance.NextNormal());
        foreach (int column in Temperatures) Shift(batch, at, column, warmer / (float)sets.Fields[column].Deviation);
        Shift(batch, at, SoilState.Pressure, (float)(plan.PressureShift * _chance.NextNormal() / sets.Fields[SoilState.Pressure].Deviation));
        batch.Huber[at] = plan.FieldHuber;
        batch.State[at] += (float)(plan.FieldNoise * _chance.NextNormal() / sets.Fields[SoilState.Moisture].Deviation);
        Hide(batch, at, plan.FieldHide, plan.HidePressure);
    }

    private void Farm(Batch batch, int at)
    {
        // Few hours are watered, and those are what the farm is there for.
        int example = _chance.NextRatio() < plan.WateredShare ? sets.FarmWatered[(int)(_chance.NextRatio() * sets.FarmWatered.Length)] : (int)(_chance.NextRatio() * sets.FarmTrain.Count);
        sets.FarmTrain.Fill(example, batch, at, idleLitresPerMinute: 5 + (30 * _chance.NextRatio()));
        Targets(sets.FarmTrain, example, batch, at, plan.FarmWeight);
        batch.Huber[at] = plan.FarmHuber;
        Hide(batch, at, often: 1, hidePressure: 0);
    }

    private void Targets(Examples examples, int example, Batch batch, int at, float weight)
    {
        for (int step = 0; step < batch.Steps; step++)
        {
            ReadOnlySpan<float> later = examples.State(example, (step + 1) * SoilSeries.StepSlots);
            int row = step * SoilState.Size * batch.Size;
            batch.Targets[row + at] = examples.Target(example, step + 1);
            batch.Weights[row + at] = weight * plan.StepWeight(step) / batch.Size;
            for (int i = 1; i < SoilState.Size; i++)
            {
                int to = row + (i * batch.Size) + at;
                batch.Targets[to] = later[i];
                batch.Weights[to] = plan.OtherWeight * weight * plan.StepWeight(step) / batch.Size;
            }

            foreach (int pair in Pairs)
            {
                if (later[pair + 1] == 0) batch.Weights[row + (pair * batch.Size) + at] = 0;
            }
        }
    }

    private static readonly int[] Pairs = [SoilState.SoilTemperature, SoilState.AirTemperature, SoilState.Humidity, SoilState.Pressure, SoilState.AirTemperatureMean24Hours];

    // Rain is not to be foreseen from the inputs there are: what follows it teaches nothing about the hours before.
    private static void MaskAfterJump(Examples field, int example, Batch batch, int at)
    {
        SoilSeries series = field.Series(example);
        int slot = field.Slot(example);
        bool jumped = false;
        for (int step = 0; step < batch.Steps; step++)
        {
            for (int k = 1; k <= SoilSeries.StepSlots; k++) jumped |= series.Jumped[slot + (step * SoilSeries.StepSlots) + k];
            if (!jumped) continue;
            for (int i = 0; i < SoilState.Size; i++) batch.Weights[(((step * SoilState.Size) + i) * batch.Size) + at] = 0;
        }
    }

    private static void Shift(Batch batch, int at, int column, float by)
    {
        if (batch.State[((column + 1) * batch.Size) + at] == 0) return;
        batch.State[(column * batch.Size) + at] += by;
        for (int step = 0; step < batch.Steps; step++) batch.Targets[(((step * SoilState.Size) + column) * batch.Size) + at] += by;
    }

    // What a node may lack: an instrument, or the hours before it was started.
    private void Hide(Batch batch, int at, double often, double hidePressure)
    {
        if (_chance.NextRatio() < 0.15 * often) Gone(batch, at, SoilState.SoilTemperature);
        if (_chance.NextRatio() < 0.25) Gone(batch, at, SoilState.Humidity);
        if (_chance.NextRatio() < hidePressure) Gone(batch, at, SoilState.Pressure);
        double air = _chance.NextRatio() / often;
        if (air < 0.15) Gone(batch, at, SoilState.AirTemperature);
        if (air < 0.25) Gone(batch, at, SoilState.AirTemperatureMean24Hours);

        double past = _chance.NextRatio() / often;
        if (past < 0.15) batch.State[(SoilState.MoistureChange24Hours * batch.Size) + at] = 0;
        if (past < 0.08) batch.State[(SoilState.MoistureChange6Hours * batch.Size) + at] = batch.State[(SoilState.Watered6Hours * batch.Size) + at] = 0;
        if (past < 0.03) batch.State[(SoilState.MoistureChange1Hour * batch.Size) + at] = batch.State[(SoilState.Watered1Hour * batch.Size) + at] = 0;
    }

    // The model is asked to keep an absence absent.
    private static void Gone(Batch batch, int at, int pair)
    {
        batch.State[(pair * batch.Size) + at] = batch.State[((pair + 1) * batch.Size) + at] = 0;
        for (int step = 0; step < batch.Steps; step++)
        {
            int row = ((step * SoilState.Size) + pair) * batch.Size;
            batch.Weights[row + at] = 0;
            batch.Targets[row + batch.Size + at] = 0;
        }
    }
}
