using ClawMesh.Edge.Hardware.Inference;
using ClawMesh.Edge.Tests.House;
using ClawMesh.Edge.Train.Evaluation;
using ClawMesh.Edge.Train.Output;
using ClawMesh.Edge.Train.Series;

namespace ClawMesh.Edge.Tests.Tools;

/// <summary>The figures of docs/world-model.md, computed again from the net that ships. Nothing is trained here.</summary>
public sealed class WorldModelTests
{
    private static readonly ShippedModel Shipped = ShippedModel.Load();

    [Fact]
    public void The_pages_field_tables_are_what_the_shipped_model_scores()
    {
        string? file = FieldCsv.Find(Repository.Root);
        Assert.SkipWhen(file is null, "the field data set is not here: name its folder in CLAWMESH_DATA");
        string page = Repository.Text("docs/world-model.md");
        SoilSeries field = FieldCsv.Read(file!);
        FieldSplit split = FieldSplit.Of(field.Length);

        FieldScores test = FieldScores.Of([new Judged(Shipped.Net, split.Test)], Shipped.Manifest, field);
        FieldScores validation = FieldScores.Of([new Judged(Shipped.Net, split.Validation)], Shipped.Manifest, field);

        Assert.Contains(WorldModelPage.Methods(test), page, StringComparison.Ordinal);
        Assert.Contains(WorldModelPage.Methods(FieldScores.Of([new Judged(Shipped.Net, split.Test)], Shipped.Manifest, field, withoutJumps: true)), page, StringComparison.Ordinal);
        Assert.Contains(WorldModelPage.CoverageTable(test.Coverage), page, StringComparison.Ordinal);
        Assert.Contains(WorldModelPage.Methods(validation), page, StringComparison.Ordinal);
    }

    [Fact]
    public void Watering_raises_moisture_by_about_as_much_as_its_litres()
    {
        SoilSeries[] farm = FarmScores.HeldOut(seeds: 1);

        Assert.All(FarmScores.Gains(Shipped.Net, Shipped.Manifest, farm), gain =>
        {
            // Within a tenth after an hour; after a day plants have used some of what was added, and made nothing.
            Assert.InRange(gain.AfterOneHour, gain.Expected * 0.9, gain.Expected * 1.1);
            Assert.InRange(gain.AfterOneDay, gain.Expected * 0.8, gain.AfterOneHour);
        });
        Assert.All(FarmScores.Of(Shipped.Net, Shipped.Manifest, farm), score =>
        {
            Assert.All(score.Model, rmse => Assert.InRange(rmse, 0, 0.5));
            Assert.True(score.Model[^1] < score.Persistence[^1] / 2, $"{score.Kind}: {score.Model[^1]} against {score.Persistence[^1]}");
        });
    }

    [Fact]
    public void The_page_names_the_data_set_and_its_licence()
    {
        Assert.Contains(FieldCsv.Attribution, Repository.Text("docs/world-model.md"), StringComparison.Ordinal);
        Assert.Contains(FieldCsv.Attribution, Shipped.Manifest.Training.Data);
    }

    [Fact]
    public void A_farm_of_one_seed_is_the_same_farm_every_time_and_its_litres_explain_its_moisture()
    {
        SoilSeries[] once = FarmRuns.Run(77), again = FarmRuns.Run(77);

        Assert.Equal(once[2].Moisture, again[2].Moisture);
        foreach (SoilSeries zone in once)
        {
            for (int slot = 1; slot < zone.Length; slot++)
            {
                // Nothing is lost on the way into a bed that is far from full, and water does not rise from below.
                double gained = zone.Truth[slot] - zone.Truth[slot - 1], litres = zone.Litres[slot] + zone.Litres[slot - 1];
                Assert.True(gained <= (litres / FarmScores.LitresPerPercent) + 0.001, $"{zone.Name}, slot {slot}: {gained} % of {litres} l");
                Assert.True(zone.Watered[slot] > 0 || zone.Litres[slot] < 1, $"{zone.Name}, slot {slot}: {zone.Litres[slot]} l through a closed valve");
            }
        }
    }
}
