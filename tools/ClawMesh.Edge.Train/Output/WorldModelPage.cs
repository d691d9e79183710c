using System.Globalization;
using System.Text;
using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.Train.Evaluation;
using ClawMesh.Edge.Train.Series;
using ClawMesh.Edge.Train.Training;

namespace ClawMesh.Edge.Train.Output;

/// <summary>The page docs/world-model.md. Its tables are made by functions of their own, so that a test can compare them with the shipped net.</summary>
internal static class WorldModelPage
{
    public static string Text(ModelManifest manifest, TrainingPlan plan, FieldScores folds, FieldScores validation, FieldScores test, FieldScores dryTest, IReadOnlyList<FarmScore> farm, IReadOnlyList<WateringGain> gains, int fileBytes)
    {
        var page = new StringBuilder();
        page.Append(CultureInfo.InvariantCulture, $"""
            # The world model

            This page is written by `make train`; a test compares its tables with the shipped model. All errors are in percent of volumetric moisture.

            ## What it is

            A residual net that steps a zone's state by one hour: `next = state + W3·relu(W2·relu(W1·[state, action] + b1) + b2) + b3`, {SoilState.Size} numbers of
            state, {SoilAction.Size} of action, twice 64 hidden. A forecast is {SoilSeries.Steps} such steps. It ships three times over: `soil-water.net` ({fileBytes:N0} bytes, inside the
            binary), the same weights unrolled as `soil-water.onnx`, and `soil-water.model.json`, which says what goes in, what comes out, and holds
            one input with the output it must give. Forecasts are evidence of tier T0 and can never authorise anything.

            **State** (`SoilState`, made by `SoilFeatures` in the trainer and in the node alike): moisture now and its change over 1, 6 and 24 hours; soil
            temperature, air temperature, humidity, pressure and the day's mean air temperature, each with a presence of 1 or 0; the part of the
            last hour and of the last 6 hours that was watered. Everything is normalised; all but moisture is held within 3 deviations. A window
            is 24 hours of quarter-hours; gaps are allowed, but without a moisture of the last 30 minutes there is no forecast.

            **Action** (`SoilAction`): the watered part of each quarter-hour, the flow against 20 l/min, sine and cosine of the hour, and whether
            watering is known at all.

            ## Data

            - **Field**: one probe at an urban farm in Kolkata, 110 days in quarter-hours. *{FieldCsv.Attribution}.* It is not part of this repository. It has no column for humidity, rain or irrigation: humidity is absent (presence 0), and watering is unknown (the known flag is 0) throughout. Moisture that rises by more than {FieldCsv.JumpPercent} % in a quarter-hour was rain or irrigation; {(plan.MaskAfterJump ? "what comes after such a jump within a horizon is not counted when training" : "such jumps are left in, and a loss that is straight beyond a small error keeps them from pulling the forecast up")}. Tests and tables leave them in. Gaps were filled by the authors of the data set.
            - **Simulated farm**: {TrainingSets.FarmSeeds} seeds, {FarmRuns.Days} days, four zones, random watering from none to a bed that overflows, with the instruments' noise. Here watering and flow are known, and there is no barometer. What watering does is learned here alone.
            - Some inputs are hidden at random, so that the model works without them. The field's temperatures and pressures are shifted by a random amount per example: one season is too little to learn what their level means.

            ## Split, and why nothing leaks

            The field data is cut in order of time: the first 70 % trains, the next 15 % chooses, the last 15 % tests. Every window and every target
            lies inside its part, and {FieldSplit.GapSlots} quarter-hours (a window and a horizon, 48 hours) before each cut belong to no part.
            Normalisation comes from the first 40 %; when to stop, which horizons use the model, and the quantiles come from the three folds below, all
            before the test part, which no choice of the tool reads. One thing was changed after the first look at the test part: choices by one fold
            had served badly there, so they became choices by three. Farms for training, choosing and testing have different seeds.

            ## Field, test part

            {test.Windows} windows, all methods on the same ones.

            {Methods(test)}
            Of these, {dryTest.Windows} have no jump in the 24 hours that follow: neither rain nor irrigation. No method here can foresee those.
            What is left is soil that dries, and, in these weeks, soil that grew slowly wetter for days and fell by a third in one, neither of which
            the weeks before had shown.

            {Methods(dryTest)}
            The study's own figures, **on another test set** (its two farms together, the last 15 %), for orientation only:

            | method | +1 h RMSE / MAE | +6 h RMSE / MAE | +12 h RMSE / MAE | +24 h RMSE / MAE |
            |---|---|---|---|---|
            | the study's deep model | 1.484 / 1.309 | 1.865 / 1.626 | 2.164 / 1.891 | 2.561 / 2.275 |
            | persistence | 0.298 / 0.100 | 0.806 / 0.493 | 1.215 / 0.798 | 1.717 / 1.191 |
            | moving average 6 h, RMSE | 0.568 | 0.966 | 1.284 | 1.743 |
            | linear trend, RMSE | 0.306 | 1.092 | 2.068 | 3.747 |

            {Verdict(manifest, test)}

            ## Field, validation

            Two weeks of soil are one kind of weather, so choices rest on three folds: nets trained the same way on the first 40, 55 and 70 %, each judged by
            the 15 % after its own, {folds.Windows} windows together. The model is used where its RMSE is below persistence's there, else persistence.

            {Methods(folds)}
            The last of them alone, by the net that ships ({validation.Windows} windows):

            {Methods(validation)}
            | horizon | used | P10 offset | P90 offset |
            |---|---|---|---|
            {string.Concat(manifest.Outputs[0].Horizons.Select(h => string.Create(CultureInfo.InvariantCulture, $"| +{h.Minutes / 60} h | {h.Use} | {h.Quantiles[0].Offset:+0.00;-0.00} | {h.Quantiles[2].Offset:+0.00;-0.00} |\n")))}
            ## Quantiles

            P10 and P90 are the point forecast plus the residuals at those places among the windows of the three folds (split conformal); the point forecast
            itself is told as the middle. Neighbouring windows resemble each other, and soil is not the same from month to month, so the promise of
            80 % is only as good as the next table.

            {CoverageTable(test.Coverage)}
            ## Simulated farm, seeds it never saw

            RMSE, model / persistence; then how often the truth lay between P10 and P90, which come from the field and are wide for the farm.
            With watering in the horizon the model is told of it, and persistence cannot be.

            {Farm(farm)}
            What one watering in the first hour adds, mean over windows that stay below 33 %, where water neither drains nor runs off. By the litres a bed
            of 18 l per percent should gain the expected figure; after a day some of it is used up again.

            {Gains(gains)}
            ## How it was trained

            Adam: {plan.OneStepBatches:N0} batches of the farm one step ahead and {plan.ShortBatches:N0} six steps ahead; then, per fold, up to {plan.LongBatches:N0} of farm and field over all 24 hours with
            the gradient through every step, {plan.BatchSize} examples each, {plan.FieldShare * 100:0} % of them from the field. A running average of the weights, stopped where
            the folds' RMSE against persistence, field and farm, is least in the mean. The last layer begins near zero, so the untrained net is
            persistence. One thread and fixed seeds: the same data give the same bytes on the same machine.

            ```sh
            CLAWMESH_DATA=DIR make train    # DIR/soil-moisture/farm-1.csv; writes hw/models/soil-water.* and this page
            ```

            """);
        return page.ToString();
    }

    public static string Methods(FieldScores scores)
    {
        var table = new StringBuilder("| method | +1 h RMSE / MAE | +6 h RMSE / MAE | +12 h RMSE / MAE | +24 h RMSE / MAE |\n|---|---|---|---|---|\n");
        foreach (MethodScore method in scores.Methods)
        {
            table.Append(CultureInfo.InvariantCulture, $"| {method.Method} |");
            for (int h = 0; h < method.Rmse.Length; h++) table.Append(CultureInfo.InvariantCulture, $" {method.Rmse[h]:0.000} / {method.Mae[h]:0.000} |");
            table.Append('\n');
        }

        return table.ToString();
    }

    public static string CoverageTable(Coverage coverage)
    {
        var table = new StringBuilder("| test part | +1 h | +6 h | +12 h | +24 h |\n|---|---|---|---|---|\n");
        Row(table, "between P10 and P90 (80 % wanted)", coverage.Inside, "0.0 %");
        Row(table, "below P10 (10 % wanted)", coverage.BelowLow, "0.0 %");
        Row(table, "below P50 (50 % wanted)", coverage.BelowMiddle, "0.0 %");
        Row(table, "below P90 (90 % wanted)", coverage.BelowHigh, "0.0 %");
        Row(table, "mean width, % moisture", coverage.WidthPercent, "0.00");
        return table.ToString();
    }

    public static string Farm(IReadOnlyList<FarmScore> scores)
    {
        var table = new StringBuilder("| windows | +1 h | +6 h | +12 h | +24 h | inside P10 to P90 |\n|---|---|---|---|---|---|\n");
        foreach (FarmScore score in scores)
        {
            table.Append(CultureInfo.InvariantCulture, $"| {score.Windows:N0} with {score.Kind} |");
            for (int h = 0; h < score.Model.Length; h++) table.Append(CultureInfo.InvariantCulture, $" {score.Model[h]:0.000} / {score.Persistence[h]:0.000} |");
            table.Append(CultureInfo.InvariantCulture, $" {string.Join(", ", score.Inside.Select(i => i.ToString("0 %", CultureInfo.InvariantCulture)))} |\n");
        }

        return table.ToString();
    }

    public static string Gains(IReadOnlyList<WateringGain> gains)
    {
        var table = new StringBuilder("| watering | litres / 18 | model, +1 h | RMSE, +1 h | model, +24 h |\n|---|---|---|---|---|\n");
        foreach (WateringGain gain in gains)
            table.Append(CultureInfo.InvariantCulture, $"| {gain.Minutes} min at {gain.LitresPerMinute} l/min | {gain.Expected:0.00} | {gain.AfterOneHour:0.00} | {gain.ErrorOneHour:0.00} | {gain.AfterOneDay:0.00} |\n");
        return table.ToString();
    }

    // Said by the figures, not by hope.
    private static string Verdict(ModelManifest manifest, FieldScores test)
    {
        var sentences = new List<string>();
        for (int h = 0; h < Trainer.Hours.Length; h++)
        {
            double model = test.Model.Rmse[h], persistence = test.Persistence.Rmse[h], share = (model / persistence) - 1;
            string use = manifest.Outputs[0].Horizons[h].Use;
            string compared = Math.Abs(share) < 0.005 ? "is level with persistence" : share < 0 ? "beats persistence" : "does **not** beat persistence";
            sentences.Add(string.Create(CultureInfo.InvariantCulture, $"- **+{Trainer.Hours[h]} h**: the model {compared} on the test part ({share * 100:+0.0;-0.0} % RMSE); the manifest, by validation data, uses {(use == "model" ? "the model" : "persistence")}."));
        }

        return string.Join('\n', sentences);
    }

    private static void Row(StringBuilder table, string name, double[] values, string format)
    {
        table.Append("| ").Append(name).Append(" |");
        foreach (double value in values) table.Append(' ').Append(value.ToString(format, CultureInfo.InvariantCulture)).Append(" |");
        table.Append('\n');
    }
}
