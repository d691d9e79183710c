using System.Diagnostics;
using System.Globalization;
using ClawMesh.Edge.Hardware.Boards;
using ClawMesh.Edge.Hardware.Sites;
using ClawMesh.Edge.World.Planner;

namespace ClawMesh.Edge.Tests.World.Season;

/// <summary>
/// The planner at L1 on the simulated farm, beside a timer with a probe and beside nobody, through a real gate. `make season` runs the
/// fortnights of the table in docs/planner.md; what runs by itself is shorter.
/// </summary>
public sealed class FarmSeasonTests(ITestOutputHelper output)
{
    /// <summary>The way a timer with a probe is set by hand: ten minutes when the bed is too dry, half an hour to soak in.</summary>
    private static readonly ThresholdSettings Timer = new(PulseMinutes: 10, SoakMinutes: 30, MarginPercent: 0);

    /// <summary>The settings that kept the beds inside longest in the sweep below; whoever chose them knew the season beforehand.</summary>
    private static readonly ThresholdSettings BestTimer = new(PulseMinutes: 10, SoakMinutes: 30, MarginPercent: 1.5);

    [Fact]
    public async Task The_planner_keeps_the_beds_inside_their_band_longer_than_a_timer_with_a_probe_and_takes_no_more_water()
    {
        int days = Number("CLAWMESH_SEASON_DAYS", 4), seeds = Number("CLAWMESH_SEASON_SEEDS", 3);
        SeasonSettings settings = Settings(days);
        var clock = Stopwatch.StartNew();
        IReadOnlyList<SeasonResult> planner = await Seasons(Tending.Planner), timer = await Seasons(Tending.Threshold), nobody = await Seasons(Tending.Nobody);
        settings = settings with { Threshold = BestTimer };
        IReadOnlyList<SeasonResult> best = await Seasons(Tending.Threshold);

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{days} days, {seeds} seeds, model {settings.Model.Name}, {settings.Candidates} candidates, {clock.Elapsed.TotalSeconds:0.0} s"));
        output.WriteLine(SeasonTable.Of([("planner, L1", planner), ("timer", timer), ("best timer", best), ("nobody", nobody)]));
        for (int i = 0; i < planner.Count; i++)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"seed {planner[i].Seed}: planner {planner[i].InBand:0.00} %, {planner[i].AllLitres:0} l; timer {timer[i].InBand:0.00} %, {timer[i].AllLitres:0} l; best timer {best[i].InBand:0.00} %, {best[i].AllLitres:0} l"));
            Assert.Equal(0, planner[i].InterlockHits);
            Assert.Empty(planner[i].Refusals);
            Assert.True(planner[i].InBand > timer[i].InBand, $"seed {planner[i].Seed}: planner {planner[i].InBand} %, timer {timer[i].InBand} %");
            Assert.True(planner[i].AllLitres <= timer[i].AllLitres, $"seed {planner[i].Seed}: planner {planner[i].AllLitres} l, timer {timer[i].AllLitres} l");
            Assert.True(timer[i].InBand > nobody[i].InBand, $"seed {planner[i].Seed}: timer {timer[i].InBand} %, nobody {nobody[i].InBand} %");
        }

        async Task<IReadOnlyList<SeasonResult>> Seasons(Tending tending)
        {
            var seasons = new List<SeasonResult>();
            for (ulong seed = 1; seed <= (ulong)seeds; seed++) seasons.Add(await FarmSeason.RunAsync(seed, tending, settings));
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{tending}: {clock.Elapsed.TotalSeconds:0.0} s so far"));
            return seasons;
        }
    }

    /// <summary>How the best timer was found. Only with CLAWMESH_SEASON_SWEEP: it takes minutes.</summary>
    [Fact]
    public async Task Timers_of_other_settings_are_tried_when_asked_for()
    {
        Assert.SkipUnless(Number("CLAWMESH_SEASON_SWEEP", 0) > 0, "CLAWMESH_SEASON_SWEEP is not set");
        SeasonSettings settings = Settings(Number("CLAWMESH_SEASON_DAYS", 14));
        foreach (double margin in new[] { 0, 0.5, 1, 1.5, 2 })
        {
            foreach (double pulse in new[] { 3, 5, 8, 10, 15.0 })
            {
                var seasons = new List<SeasonResult>();
                for (ulong seed = 1; seed <= (ulong)Number("CLAWMESH_SEASON_SEEDS", 20); seed++)
                    seasons.Add(await FarmSeason.RunAsync(seed, Tending.Threshold, settings with { Threshold = new ThresholdSettings(pulse, 30, margin) }));
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {pulse} min | {margin} % | {SeasonTable.Spread(seasons, s => s.InBand, "0.00")} | {SeasonTable.Spread(seasons, s => s.AllLitres, "0")} | {SeasonTable.Spread(seasons, s => s.ValveStarts.Sum(), "0")} |"));
            }
        }
    }

    [Fact]
    public async Task The_same_seed_gives_the_same_season()
    {
        SeasonSettings settings = Settings(days: 1);

        SeasonResult one = await FarmSeason.RunAsync(5, Tending.Planner, settings);
        SeasonResult two = await FarmSeason.RunAsync(5, Tending.Planner, settings);

        Assert.Equal(one.Litres, two.Litres);
        Assert.Equal(one.InBandPercent, two.InBandPercent);
        Assert.NotEmpty(one.Comparisons);
    }

    private static SeasonSettings Settings(int days)
    {
        string? folder = Environment.GetEnvironmentVariable("CLAWMESH_SEASON_MODEL");
        SoilModel model = string.IsNullOrEmpty(folder) ? HandMadeModel.Make() : SoilModel.Load(folder);
        return new SeasonSettings(days, Goals(), model, Timer, Candidates: Number("CLAWMESH_SEASON_CANDIDATES", 96));
    }

    private static IReadOnlyList<ZoneGoal> Goals()
    {
        string file = Path.Combine(Root(), "examples", "goals", "simulated.json");
        GoalsReadResult read = GoalsFile.Read(File.ReadAllText(file), file, new SiteCatalog(new BoardCatalog()).Read("simulated").Site!);
        Assert.Empty(read.Problems);
        return read.Goals;
    }

    private static string Root()
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "ClawMesh.Edge.sln"))) folder = Path.GetDirectoryName(folder)!;
        return folder;
    }

    private static int Number(string variable, int otherwise) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}
