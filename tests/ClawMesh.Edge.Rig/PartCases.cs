using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ClawMesh.Edge.Rig;

/// <summary>
/// The contract cases of <c>tests/data/parts</c> as the guest can run them: site files, and a script that presets the chips, asks the
/// program and checks. Cases that want different registers of one chip come in different rounds.
/// </summary>
internal static class PartCases
{
    public const string ScriptFile = "parts-cases.sh";

    private const string OutputSite = "parts-outputs.json";

    // Where the bench has a chip of the case's kind, if not at the address the case names. Chips of one driver that differ in a setting
    // of the whole chip need an address each.
    private static readonly Dictionary<string, string[]> BenchAddresses = new(StringComparer.Ordinal)
    {
        ["ina226"] = ["0x46"],
        ["ina3221"] = ["0x43"],
        ["pca9534"] = ["0x24"],
        ["pca9685"] = ["0x41", "0x45"],
    };

    // MUX of the ADS1115's config register (datasheet 9.6.3): where the bench keeps the conversion of an input.
    private static readonly string[] Mux = ["0-1", "0-3", "1-3", "2-3", "0", "1", "2", "3"];

    private static string Folder => Path.Combine(RigRun.Root, "tests/data/parts");

    /// <summary>Writes the script and its sites into a folder of the payload.</summary>
    public static void Write(string folder)
    {
        foreach ((string name, string text) in Files()) File.WriteAllText(Path.Combine(folder, name), text);
    }

    /// <summary>The checks, as <see cref="RigConsole.ChecksIn"/> reads them.</summary>
    public static string Script() => Files().Single(f => f.Name == ScriptFile).Text;

    private static List<(string Name, string Text)> Files()
    {
        List<PartCase> cases = Load();
        var script = new StringBuilder("# Made from tests/data/parts.\n");
        var files = new List<(string, string)>();
        List<List<PartCase>> rounds = Rounds(cases.Where(c => !c.IsOutput));
        for (int i = 0; i < rounds.Count; i++)
        {
            string site = string.Create(CultureInfo.InvariantCulture, $"parts-{i}.json");
            files.Add((site, Site(rounds[i], "")));
            Preset(script, rounds[i]);
            script.Append(CultureInfo.InvariantCulture, $"look {site}\n");
            foreach (PartCase one in rounds[i]) script.Append(one.SensorCheck());
        }

        PartCase[] outputs = [.. cases.Where(c => c.IsOutput)];
        files.Add((OutputSite, Site(outputs, OutputContact)));
        script.Append(CultureInfo.InvariantCulture, $"open_outputs {OutputSite}\n");
        foreach (List<PartCase> round in Rounds(outputs))
        {
            script.Append("pull 7 down\n");
            Preset(script, round);
            script.Append("pull 7 up\n");
            foreach (PartCase one in round) script.Append(one.ApplyLine());
            foreach (PartCase one in round) script.Append(one.RegisterCheck());
            script.Append("pull 7 down\n");
            foreach (PartCase one in round) script.Append(CultureInfo.InvariantCulture, $"act {one.Ref} close\n");
        }

        files.Add((ScriptFile, script.ToString()));
        return files;
    }

    private const string OutputContact =
        """{ "id": "sensor:part:contact", "zone": "rig", "metric": "contact", "unit": "state", "driver": "gpio-input", "chip": "rig-gpio", "line": "contactor-aux", "interval": "10s" }""";

    private static void Preset(StringBuilder script, List<PartCase> round)
    {
        // Many in one transfer: each process costs its start.
        script.Append("batching=1; batch=\n");
        foreach (string line in round.SelectMany(c => c.Presets).Distinct(StringComparer.Ordinal)) script.Append(line).Append('\n');
        script.Append("i2ctransfer -y \"$BENCH\" $batch; batching=\n");
    }

    // Greedy: into the first round whose chips hold nothing else.
    private static List<List<PartCase>> Rounds(IEnumerable<PartCase> cases)
    {
        var rounds = new List<List<PartCase>>();
        foreach (PartCase one in cases)
        {
            List<PartCase>? free = rounds.FirstOrDefault(r => r.TrueForAll(other => !one.Clashes(other)));
            if (free is null) rounds.Add([one]);
            else free.Add(one);
        }

        return rounds;
    }

    private static string Site(IEnumerable<PartCase> cases, string sensor)
    {
        PartCase[] all = [.. cases];
        string sensors = string.Join(",\n", all.Where(c => !c.IsOutput).Select(c => c.Entry().ToJsonString()).Append(sensor).Where(s => s.Length > 0));
        string outputs = string.Join(",\n", all.Where(c => c.IsOutput).DistinctBy(c => c.Ref).Select(c => c.Entry().ToJsonString()));
        return $$"""{ "schema": 1, "name": "rig-parts", "board": "generic", "simulated": false, "sensors": [{{sensors}}], "actuators": [{{outputs}}] }""";
    }

    private static List<PartCase> Load()
    {
        var cases = new List<PartCase>();
        foreach (string file in Directory.EnumerateFiles(Folder, "*.json").Order(StringComparer.Ordinal))
        {
            JsonNode part = JsonNode.Parse(File.ReadAllText(file), documentOptions: new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip })!;
            foreach (JsonNode? one in part["cases"]!.AsArray()) cases.Add(new PartCase(part, one!, cases.Count));
        }

        return cases;
    }

    private sealed class PartCase
    {
        private readonly JsonNode _one;
        private readonly string _kind;
        private readonly string _address;
        private readonly JsonObject _keys = [];

        public PartCase(JsonNode part, JsonNode one, int number)
        {
            (_one, _kind, Driver) = (one, part["chip"]!.GetValue<string>(), part["driver"]!.GetValue<string>());
            foreach (JsonNode? keys in new[] { part["keys"], one["keys"] })
            {
                foreach ((string key, JsonNode? value) in keys?.AsObject() ?? []) _keys[key] = value!.DeepClone();
            }

            Name = $"{Driver}: {one["name"]!.GetValue<string>()}";
            string[] addresses = BenchAddresses.GetValueOrDefault(Driver) ?? [part["address"]?.GetValue<string>() ?? ""];
            _address = addresses[_keys.ContainsKey("frequency") ? 1 : 0];
            Presets = _kind == "spi-adc"
                ? [$"echo {string.Join(',', one["adc"]!.AsArray().Select(n => n!.ToJsonString()))} > /sys/module/rig_spi/parameters/adc"]
                : [.. PresetLines(part)];
            // One entry of a site for each pin, however many cases it has.
            Ref = IsOutput ? $"actuator:part:{Driver}-{one["output"]}-{_keys.Count}" : $"sensor:part:{number}";
        }

        public string Driver { get; }

        public string Name { get; }

        public string Ref { get; }

        public IReadOnlyList<string> Presets { get; }

        public bool IsOutput => _one["apply"] is not null;

        private bool IsLevel => _one["apply"]?.GetValueKind() == JsonValueKind.Number;

        // The ADS1115 of the bench keeps a conversion for each input. An output changes what another would find.
        public bool Clashes(PartCase other)
        {
            if (other.Driver != Driver || other._address != _address) return false;
            if (IsOutput) return true;
            return Driver == "ads1115" ? _keys["input"]!.ToString() == other._keys["input"]!.ToString() : !Presets.SequenceEqual(other.Presets);
        }

        public JsonObject Entry()
        {
            JsonObject entry = JsonNode.Parse(IsOutput
                ? $$"""{ "ref": "{{Ref}}", "zone": "rig", "kind": "{{(IsLevel ? "level" : "onOff")}}", "safe": {{(IsLevel ? "0" : "\"inactive\"")}}, "maxOn": "1m", "ratePerMinute": 600, "output": {{_one["output"]}}, "effect": { "sensor": "sensor:part:contact", "atLeast": 1, "within": "200ms" } }"""
                : $$"""{ "id": "{{Ref}}", "zone": "rig", "metric": "value", "unit": {{_one["unit"]!.ToJsonString()}}, "interval": "1s" }""")!.AsObject();
            entry["driver"] = Driver;
            if (_kind == "spi-adc") entry["device"] = "spidev0.1";
            else (entry["bus"], entry["address"]) = ("i2c-DUT", _address);
            foreach ((string key, JsonNode? value) in _keys) entry[key] = value!.DeepClone();
            if (_one["measures"] is { } measures) entry["measures"] = measures.DeepClone();
            return entry;
        }

        public string SensorCheck()
        {
            if (_one["error"] is { } error) return $"eq \"{Name}\" \"$(seen {Ref} code)\" '\"{error}\"'\n";
            (double expect, double tolerance) = (_one["expect"]!.GetValue<double>(), _one["tolerance"]!.GetValue<double>());
            // The last bit of a double is nobody's contract.
            double slack = tolerance + (Math.Abs(expect) * 1e-12);
            return string.Create(CultureInfo.InvariantCulture, $"within \"{Name}\" \"$(seen {Ref} value)\" {expect - slack:R} {expect + slack:R}\n");
        }

        public string ApplyLine() => IsLevel
            ? $"act {Ref} set ',\"value\":{_one["apply"]!.ToJsonString()}'\n"
            : $"act {Ref} {(_one["apply"]!.GetValue<string>() == "active" ? "open" : "close")}\n";

        public string RegisterCheck()
        {
            var look = new List<string>();
            var want = new List<string>();
            foreach ((string register, JsonNode? bytes) in _one["registersAfter"]!.AsObject())
            {
                string[] wanted = [.. Bytes(bytes!.GetValue<string>())];
                look.Add($"$(peek {_address} {register} {wanted.Length})");
                want.AddRange(wanted);
            }

            return $"eq \"{Name}\" \"{string.Join(' ', look)}\" \"{string.Join(' ', want)}\"\n";
        }

        // Registers that other cases of the part name and this one does not are empty here.
        private IEnumerable<string> PresetLines(JsonNode part)
        {
            if (_one["responses"] is { } responses)
            {
                foreach ((string command, JsonNode? answer) in responses.AsObject()) yield return $"poke {_address} {string.Join(' ', Bytes(command))} {string.Join(' ', Bytes(answer!.GetValue<string>()))}";
                yield break;
            }

            JsonObject own = _one["registers"]!.AsObject();
            if (Driver != "ads1115")
            {
                foreach ((string register, JsonNode? bytes) in part["cases"]!.AsArray().SelectMany(c => c!["registers"]!.AsObject()).DistinctBy(r => r.Key))
                {
                    if (!own.ContainsKey(register)) yield return $"poke {_address} {register} {string.Join(' ', Bytes(bytes!.GetValue<string>()).Select(_ => "0"))}";
                }
            }

            foreach ((string register, JsonNode? bytes) in own)
            {
                string at = Driver == "ads1115" && register == "0x00" ? $"0x{0x10 + Array.IndexOf(Mux, _keys["input"]!.ToString()):x2}" : register;
                yield return $"poke {_address} {at} {string.Join(' ', Bytes(bytes!.GetValue<string>()))}";
            }
        }

        private static IEnumerable<string> Bytes(string hex) => Convert.FromHexString(hex).Select(b => $"0x{b:x2}");
    }
}
