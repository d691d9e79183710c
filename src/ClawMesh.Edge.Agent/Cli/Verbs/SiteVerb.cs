using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Sites;
using Spectre.Console;

namespace ClawMesh.Edge.Agent.Cli.Verbs;

/// <summary><c>site show|check</c>: this installation as its file describes it. Opens no bus and no pin.</summary>
internal static class SiteVerb
{
    private const string Fallback = "simulated";

    public static Command Build(GlobalOptions global) => new("site", "This installation: which sensor and output hangs where, with limits and safe states.")
    {
        Show(global), Check(global),
    };

    private static Argument<string?> NameOrFile() => new("NAME|FILE")
    {
        Description = $"A site by name or path; without it the configured one, else {Fallback}.", Arity = ArgumentArity.ZeroOrOne,
    };

    private static Command Show(GlobalOptions global)
    {
        Argument<string?> which = NameOrFile();
        var command = new Command("show", "The sensors and outputs of a site.") { which };
        global.Report(command, (context, parsed, _) =>
        {
            string name = parsed.GetValue(which) ?? Configured(context.State);
            SiteReadResult result = Node.Sites.Catalog.Read(name);
            return Task.FromResult<IReport>(new ShowReport(Node.Sites.OrThrow(result, name), result));
        });
        return command;
    }

    private static Command Check(GlobalOptions global)
    {
        Argument<string?> which = NameOrFile();
        var command = new Command("check", "List every problem of a site with its place and its fix; exit 2 when one is an error.") { which };
        global.Body(command, (context, parsed, _) =>
        {
            string name = parsed.GetValue(which) ?? Configured(context.State);
            SiteReadResult result = Node.Sites.Catalog.Read(name);
            var report = new CheckReport("site check", [("site", name), ("origin", result.Origin)], result.Problems);
            context.Write(report);
            return Task.FromResult(report.ExitCode);
        });
        return command;
    }

    // A configuration too broken to name its site must not be answered with the simulated one.
    internal static string Configured(StateDirectory state)
    {
        NodeConfig config = NodeConfig.Load(state, new Dictionary<string, (string, JsonElement)>());
        return config.Text(ConfigKeys.Site) ?? config.OrThrow().Text(ConfigKeys.Site) ?? Fallback;
    }

    private sealed record ShowReport(Site Site, SiteReadResult Result) : IReport
    {
        public string Kind => "site show";

        public ReportStatus Status => ProblemList.StatusOf(Result.Problems);

        public void WriteData(Utf8JsonWriter writer)
        {
            writer.WriteStartObject();
            writer.WriteString("name", Site.Name);
            writer.WriteString("board", Site.Board);
            writer.WriteBoolean("simulated", Site.Simulated);
            writer.WriteString("origin", Result.Origin);
            writer.WriteStartArray("sensors");
            foreach (SensorBinding sensor in Site.Sensors) Write(writer, sensor);
            writer.WriteEndArray();
            writer.WriteStartArray("actuators");
            foreach (ActuatorBinding actuator in Site.Actuators) Write(writer, actuator);
            writer.WriteEndArray();
            ProblemList.Write(writer, Result.Problems);
            writer.WriteEndObject();
        }

        public void Render(IAnsiConsole console)
        {
            console.Write(Facts.Grid(("site", Site.Name), ("board", Site.Board), ("simulated", Site.Simulated ? "yes" : "no"), ("origin", Result.Origin)));
            Table sensors = Facts.Table("sensor", "unit", "every", "driver", "wiring");
            foreach (SensorBinding sensor in Site.Sensors)
                sensors.AddRow(new Text(sensor.Info.Id.Value), new Text(sensor.Info.Quantity.Unit), new Text(DurationText.Format(sensor.Info.Interval)), new Text(sensor.Driver), new Text(Wiring(sensor.Wiring)));
            console.Write(sensors);

            Table outputs = Facts.Table("output", "safe", "max on", "limits", "requires", "wiring");
            foreach (ActuatorBinding actuator in Site.Actuators)
            {
                OutputPolicy policy = actuator.Policy;
                outputs.AddRow(
                    new Text(policy.Actuator.Value), new Text(policy.Safe.ToString()), new Text(DurationText.Format(policy.MaxOn)), new Text(Limits(policy)),
                    new Text(string.Join(", ", policy.Requires)), new Text($"{actuator.Driver} {Wiring(actuator.Wiring)}"));
            }

            console.Write(outputs);
            ProblemList.Render(console, Result.Problems);
        }

        private static void Write(Utf8JsonWriter writer, SensorBinding sensor)
        {
            writer.WriteStartObject();
            writer.WriteString("id", sensor.Info.Id.Value);
            writer.WriteString("zone", sensor.Info.Zone);
            writer.WriteString("metric", sensor.Info.Quantity.Metric);
            writer.WriteString("unit", sensor.Info.Quantity.Unit);
            writer.WriteString("interval", DurationText.Format(sensor.Info.Interval));
            writer.WriteString("driver", sensor.Driver);
            WriteWiring(writer, sensor.Wiring);
            writer.WriteEndObject();
        }

        private static void Write(Utf8JsonWriter writer, ActuatorBinding actuator)
        {
            OutputPolicy policy = actuator.Policy;
            writer.WriteStartObject();
            writer.WriteString("ref", policy.Actuator.Value);
            writer.WriteString("zone", actuator.Zone);
            writer.WriteString("safe", policy.Safe.ToString());
            writer.WriteStartArray("operations");
            foreach (string operation in policy.Operations) writer.WriteStringValue(operation);
            writer.WriteEndArray();
            writer.WriteString("maxOn", DurationText.Format(policy.MaxOn));
            writer.WriteString("defaultOn", DurationText.Format(policy.DefaultOn ?? policy.MaxOn));
            writer.WriteString("minOff", DurationText.Format(policy.MinOff));
            if (policy.DutyPerHour is { } duty) writer.WriteString("dutyPerHour", DurationText.Format(duty));
            writer.WriteNumber("ratePerMinute", policy.RatePerMinute);
            if (policy.ExclusiveGroup is { } group) writer.WriteString("exclusive", group);
            if (policy.Upstream is { } upstream) writer.WriteString("upstream", upstream.Value);
            writer.WriteStartArray("requires");
            foreach (SensorPredicate predicate in policy.Requires) writer.WriteStringValue($"{predicate}, at most {DurationText.Format(predicate.MaxAge)} old");
            writer.WriteEndArray();
            if (actuator.Effect is { } effect) writer.WriteString("effect", $"{effect.Sensor} within {DurationText.Format(effect.Within)}");
            writer.WriteString("driver", actuator.Driver);
            WriteWiring(writer, actuator.Wiring);
            writer.WriteEndObject();
        }

        private static void WriteWiring(Utf8JsonWriter writer, IReadOnlyDictionary<string, string> wiring)
        {
            writer.WriteStartObject("wiring");
            foreach ((string name, string value) in wiring) writer.WriteString(name, value);
            writer.WriteEndObject();
        }

        private static string Wiring(IReadOnlyDictionary<string, string> wiring) => string.Join(' ', wiring.Select(w => $"{w.Key}={w.Value}"));

        private static string Limits(OutputPolicy policy)
        {
            var limits = new List<string>();
            if (policy.MinOff > TimeSpan.Zero) limits.Add($"rest {DurationText.Format(policy.MinOff)}");
            if (policy.DutyPerHour is { } duty) limits.Add($"{DurationText.Format(duty)} an hour");
            limits.Add($"{policy.RatePerMinute.ToString(CultureInfo.InvariantCulture)} starts a minute");
            if (policy.ExclusiveGroup is { } group) limits.Add($"group {group}");
            return string.Join(", ", limits);
        }
    }
}
