using System.Text;
using System.Text.Json;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Boards;
using ClawMesh.Edge.Hardware.Simulated;

namespace ClawMesh.Edge.Hardware.Sites;

/// <summary>Reads one entry of <c>actuators</c>. A binding always comes out; problems say whether it may be used.</summary>
internal static class SiteActuatorReader
{
    private const string OnOffWord = "onOff";
    private const string LevelWord = "level";

    // The longest duration a command can ask for; nothing in a field is left running for longer unseen.
    private static readonly TimeSpan LongestOn = TimeSpan.FromSeconds(Core.Actuation.Operations.MaxDurationSeconds);
    private static readonly TimeSpan LongestOff = TimeSpan.FromDays(1);
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private static readonly TimeSpan LongestAge = TimeSpan.FromHours(1);
    private static readonly TimeSpan DefaultMaxAge = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestEffect = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan DefaultWithin = TimeSpan.FromSeconds(2);

    public static Located<ActuatorBinding> Read(ConfigObject item, SiteWiringReader wiringReader)
    {
        string id = item.Text("ref", SiteRefs.Allowed("actuator")) ?? "";
        if (id.Length > 0 && !SiteRefs.IsWellFormed(id, "actuator"))
            item.Error("ref", $"{item.PathOf("ref")} is '{id}'; it must be {SiteRefs.Allowed("actuator")}.", "For example actuator:valve:zone-1.");
        string zone = item.Text("zone", "the place it acts on, e.g. zone-1") ?? "";
        OutputKind kind = item.Word("kind", required: true, OnOffWord, LevelWord) == LevelWord ? OutputKind.Level : OutputKind.OnOff;
        SiteWiring wiring = wiringReader.Read(item, ChannelKind.Output);
        if (wiring.Driver == SiteDrivers.Simulated && Encoding.UTF8.GetByteCount(id) > OutputsLayout.MaxRefBytes)
            item.Error("ref", $"{item.PathOf("ref")} has {id.Length} characters; a simulated output can have {OutputsLayout.MaxRefBytes}.", "Choose a shorter name.");

        if (kind == OutputKind.Level && !wiring.Levels)
            item.Error("kind", $"{item.PathOf("kind")} is '{LevelWord}'; driver '{wiring.Driver}' knows two states only.", $"Write \"{OnOffWord}\", or use a PWM driver.");

        var policy = new OutputPolicy
        {
            Actuator = new ActuatorId(id),
            Kind = kind,
            Safe = ReadSafe(item, kind),
            Operations = ReadOperations(item),
            MaxOn = item.Duration("maxOn", LongestOn, required: true) ?? TimeSpan.Zero,
            DefaultOn = item.Duration("defaultOn", LongestOn),
            MinOff = item.Duration("minOff", LongestOff) ?? TimeSpan.Zero,
            DutyPerHour = item.Duration("dutyPerHour", Hour),
            RatePerMinute = item.WholeNumber("ratePerMinute", 1, 600) ?? 6,
            ExclusiveGroup = item.Text("exclusive", "the name of a group", required: false),
            Requires = [.. item.Objects("requires").Select(ReadPredicate)],
            Upstream = item.Text("upstream", "the ref of another actuator", required: false) is { } upstream ? new ActuatorId(upstream) : null,
            MinimumTier = ReadTier(item),
            RequiresApproval = item.Flag("requiresApproval") ?? false,
        };
        if (policy.MaxOn > TimeSpan.Zero && policy.DefaultOn > policy.MaxOn)
        {
            item.Error(
                "defaultOn",
                $"{item.PathOf("defaultOn")} is {DurationText.Format(policy.DefaultOn.Value)}, longer than maxOn = {DurationText.Format(policy.MaxOn)}.",
                "Shorten defaultOn; maxOn is the limit that protects the plant.");
        }

        EffectCheck? effect = ReadEffect(item);
        item.Done();
        return new(item, new ActuatorBinding(policy, zone, wiring.Driver, wiring.Wiring, effect));
    }

    private static OutputValue ReadSafe(ConfigObject item, OutputKind kind)
    {
        string allowed = kind == OutputKind.OnOff ? "\"inactive\" or \"active\"" : "\"inactive\", \"active\" or a ratio from 0 to 1";
        if (item.Raw("safe") is not { } safe)
        {
            item.Error("safe", $"{item.PathOf("safe")} is missing; it must be {allowed}.", "Say what the output must be when nobody is in charge.");
            return OutputValue.Inactive;
        }

        OutputValue? value = safe.ValueKind switch
        {
            JsonValueKind.String when safe.GetString() is "inactive" or "active" => OutputValue.Parse(safe.GetString()),
            JsonValueKind.Number when safe.TryGetDouble(out double ratio) && ratio is >= 0 and <= 1 => new OutputValue(ratio),
            _ => null,
        };
        if (value is { } legal && (kind == OutputKind.Level || legal.Ratio is 0 or 1)) return legal;
        item.Wrong<string>("safe", safe, allowed);
        return OutputValue.Inactive;
    }

    private static IReadOnlyList<string> ReadOperations(ConfigObject item)
    {
        const string allowed = "an array of open, close, start, stop, on, off, enable, disable, set";
        if (item.Texts("operations", allowed) is not { } names) return ["open", "close", "set"];
        if (names.Count == 0)
            item.Error("operations", $"{item.PathOf("operations")} is empty; then nothing can be commanded.", "Name at least one, or leave the key out for open, close and set.");
        foreach (string name in names)
        {
            // "set" takes its state from the command; every other known name leads to one by itself.
            if (!name.Equals("set", StringComparison.OrdinalIgnoreCase) && Core.Actuation.Operations.Resolve(name, null) is null)
                item.Error("operations", $"{item.PathOf("operations")} names '{name}'; it must be {allowed}.", "Remove or correct it.");
        }

        return [.. names.Select(name => name.ToLowerInvariant()).Distinct(StringComparer.Ordinal)];
    }

    private static EvidenceTier ReadTier(ConfigObject item) =>
        TrustWords.Tier(item.Word("minimumTier", required: false, TrustWords.T1, TrustWords.T2, TrustWords.T3)) ?? EvidenceTier.OperationalObservation;

    private static SensorPredicate ReadPredicate(ConfigObject item)
    {
        string sensor = item.Text("sensor", "the id of a sensor of this site") ?? "";
        double? above = item.Number("above", "a number");
        double? below = item.Number("below", "a number");
        if (above >= below)
            item.Error("above", $"{item.PathOf("above")} is {above}, not less than below = {below}; then it never holds.", "Swap them, or widen the range.");
        TimeSpan maxAge = item.Duration("maxAge", LongestAge) ?? DefaultMaxAge;
        item.Done();
        return new SensorPredicate(new SensorId(sensor), above, below, maxAge);
    }

    private static EffectCheck? ReadEffect(ConfigObject item)
    {
        if (item.Object("effect") is not { } effect)
        {
            if (item.Raw("effect") is null)
                item.Warn("effect", $"{item.PathOf("effect")} is missing; without a measurement of its own this output is never reported as done.", "Name a sensor that shows what it does, e.g. flow or current.");
            return null;
        }

        string sensor = effect.Text("sensor", "the id of a sensor of this site") ?? "";
        double? rises = effect.Number("rises", "a number above 0");
        double? atLeast = effect.Number("atLeast", "a number");
        if (rises <= 0) effect.Error("rises", $"{effect.PathOf("rises")} is {rises}; it must be a number above 0.", "Use what the sensor shows, well above its noise.");
        if (effect.Raw("rises") is null && effect.Raw("atLeast") is null)
            effect.Error("rises", $"{effect.Path} says neither rises nor atLeast; then every value would confirm.", "Add one of them, in the sensor's unit.");
        TimeSpan within = effect.Duration("within", LongestEffect) ?? DefaultWithin;
        effect.Done();
        return new EffectCheck(new SensorId(sensor), rises, atLeast, within);
    }
}
