using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.Hardware.Simulated;
using ClawMesh.Edge.TestKit.World;
using ClawMesh.Edge.World.Forecasts;

namespace ClawMesh.Edge.Tests.World.Season;

/// <summary>
/// A model of the farm by least squares, made in a second from a fortnight of other seeds: so that the planner can be judged without the
/// trained one. It knows the four beds as one, and weather as it is now.
/// </summary>
internal static class HandMadeModel
{
    private const int Days = 14;
    private static readonly (int Member, double Mean, double Deviation)[] Normal = [(SoilState.Moisture, 22, 6), (SoilState.AirTemperature, 21, 6), (SoilState.Humidity, 60, 15)];

    public static SoilModel Make()
    {
        int cosine = ReluFit.Action(SoilAction.CosineOfDay);
        var fit = new ReluFit(
        [
            .. ReluFit.Pair(SoilState.Moisture), .. ReluFit.Pair(SoilState.AirTemperature), .. ReluFit.Pair(SoilState.Humidity),
            .. ReluFit.Pair(ReluFit.Action(SoilAction.SineOfDay)), .. ReluFit.Pair(cosine),
            [(cosine, -1), (SoilState.AirTemperature, 0.3f)], [(cosine, -1), (SoilState.Humidity, -0.3f)],
            .. Enumerable.Range(0, 4).Select(quarter => new[] { (ReluFit.Action(quarter), 1f) }),
        ]);
        foreach (Hour hour in Hours(seed: 9_001)) hour.Teach(fit);
        DynamicsNet net = fit.Solve();
        return new SoilModel("hand-made", net, Manifest(net));
    }

    // The error of the same model on a farm it was not made from, without watering: tenth and ninetieth percentile at four horizons.
    private static ModelManifest Manifest(DynamicsNet net)
    {
        List<Hour> hours = [.. Hours(seed: 9_002, waters: false)];
        int[] horizons = [60, 360, 720, 1_440];
        var read = new List<ModelHorizon>();
        foreach (int minutes in horizons)
        {
            var errors = new List<double>();
            for (int from = 0; from + (minutes / 60 * FarmChannels.Zones) < hours.Count; from += FarmChannels.Zones)
            {
                for (int zone = 0; zone < FarmChannels.Zones; zone++)
                {
                    float[] state = [.. hours[from + zone].State];
                    for (int step = 0; step < minutes / 60; step++) net.Step(state, hours[from + (step * FarmChannels.Zones) + zone].Action);
                    errors.Add((hours[from + (minutes / 60 * FarmChannels.Zones) + zone].State[SoilState.Moisture] - state[SoilState.Moisture]) * Normal[0].Deviation);
                }
            }

            errors.Sort();
            read.Add(new ModelHorizon(minutes, "model", [new(0.1, errors[errors.Count / 10]), new(0.5, 0), new(0.9, errors[errors.Count * 9 / 10])]));
        }

        ModelField[] fields = [.. Enumerable.Range(0, SoilState.Size).Select(i => new ModelField($"state {i}", "", 0, 1))];
        foreach ((int member, double mean, double deviation) in Normal) fields[member] = new ModelField($"state {member}", "", mean, deviation);
        return new ModelManifest
        {
            Schema = 1, Name = "hand-made", Version = "1", File = "", Sha256 = "",
            Inputs = [new ModelInput("state", [null, SoilState.Size], fields)],
            Outputs = [new ModelOutput("moisture", [null, 24], "%", read)],
            WindowMinutes = 1_440, StepMinutes = 60, Steps = 24,
            Training = new ModelTraining("the simulated farm", []), Golden = new ModelGolden([], [], 0),
        };
    }

    /// <summary>Each hour of each bed, bed after bed, as a state, what was done and the state after.</summary>
    private static IEnumerable<Hour> Hours(ulong seed, bool waters = true)
    {
        var farm = new FarmModel(seed);
        var chance = new Random((int)seed);
        for (int hour = 0; hour < Days * 24; hour++)
        {
            FarmSnapshot before = farm.Snapshot();
            int zone = chance.Next(FarmChannels.Zones);
            double fraction = waters && chance.Next(6) == 0 && before.SoilMoisturePercent(zone) < 28 ? chance.NextDouble() * 0.3 : 0;
            for (int second = 0; second < 3_600; second++)
            {
                double open = second < fraction * 3_600 ? 1 : 0;
                farm.Step(new FarmInputs(zone == 0 ? open : 0, zone == 1 ? open : 0, zone == 2 ? open : 0, zone == 3 ? open : 0, 0));
            }

            FarmSnapshot after = farm.Snapshot();
            for (int bed = 0; bed < FarmChannels.Zones; bed++) yield return new Hour(before, after, bed, 6 + hour, bed == zone ? (float)fraction : 0);
        }
    }

    private sealed class Hour
    {
        private readonly FarmSnapshot _after;
        private readonly int _bed;

        public Hour(FarmSnapshot before, FarmSnapshot after, int bed, double hourOfDay, float fraction)
        {
            (_after, _bed) = (after, bed);
            State = StateOf(before, bed);
            Action = new float[SoilAction.Size];
            SoilFeatures.Action(hourOfDay, SoilAction.NominalLitresPerMinute, wateringKnown: true, Action);
            CandidateSampler.Quarters(fraction, Action);
        }

        public float[] State { get; }

        public float[] Action { get; }

        public void Teach(ReluFit fit)
        {
            float[] after = StateOf(_after, _bed);
            foreach ((int member, _, _) in Normal) fit.Observe(member, State, Action, after[member] - State[member]);
        }

        private static float[] StateOf(FarmSnapshot farm, int bed)
        {
            var state = new float[SoilState.Size];
            double[] raw = [farm.SoilMoisturePercent(bed), farm.Value(FarmChannels.FindSensor("air-temp")!), farm.Value(FarmChannels.FindSensor("humidity")!)];
            for (int i = 0; i < raw.Length; i++) state[Normal[i].Member] = (float)((raw[i] - Normal[i].Mean) / Normal[i].Deviation);
            return state;
        }
    }
}
