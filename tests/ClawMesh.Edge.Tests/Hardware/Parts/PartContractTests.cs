using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Hardware.Outputs;
using ClawMesh.Edge.Hardware.Parts;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.TestKit.Hardware;
using ClawMesh.Edge.Tests.Hardware.Outputs;

namespace ClawMesh.Edge.Tests.Hardware.Parts;

/// <summary>Every case of tests/data/parts on fake buses, through the site reader and the factory. The rig runs the same files against the kernel.</summary>
public sealed class PartContractTests
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "data", "parts");

    private static readonly PartBus[] CoveredHere = [PartBus.I2c, PartBus.Spi];

    public static TheoryData<string, string> Cases()
    {
        var cases = new TheoryData<string, string>();
        foreach (string file in Directory.EnumerateFiles(Folder, "*.json").Order(StringComparer.Ordinal))
        {
            JsonElement part = Load(Path.GetFileName(file));
            if (part.TryGetProperty("chip", out JsonElement chip) && chip.GetString() is "byte" or "word" or "word-le" or "command" or "spi-adc")
                foreach (JsonElement one in part.GetProperty("cases").EnumerateArray()) cases.Add(Path.GetFileName(file), one.GetProperty("name").GetString()!);
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task A_part_does_what_its_contract_says(string file, string name)
    {
        JsonElement part = Load(file);
        JsonElement one = part.GetProperty("cases").EnumerateArray().Single(c => c.GetProperty("name").GetString() == name);
        using var bench = new PartBench();
        FakeI2cChip? chip = PutIn(bench, part, one);
        if (one.TryGetProperty("apply", out _)) await Apply(bench, part, one, (FakeByteChip)chip!);
        else await Measure(bench, part, one);
    }

    [Fact]
    public void Every_part_on_I2C_and_SPI_has_a_contract()
    {
        IEnumerable<string> drivers = PartCatalog.All.Where(p => CoveredHere.Contains(p.Bus)).Select(p => p.Driver);

        Assert.All(drivers, driver => Assert.True(File.Exists(Path.Combine(Folder, driver + ".json")), driver));
    }

    private static async Task Measure(PartBench bench, JsonElement part, JsonElement one)
    {
        ISensor sensor = bench.Open([Entry(part, one, PartBench.SensorEntry("{}", one.GetProperty("unit").GetString()!))], []).Sensors[0];
        if (one.TryGetProperty("error", out JsonElement code))
        {
            EdgeException fault = await Assert.ThrowsAsync<EdgeException>(() => PartBench.ReadAsync(sensor));
            Assert.Equal(code.GetString(), fault.Code);
            return;
        }

        double value = await PartBench.ReadAsync(sensor);

        Assert.Equal(one.GetProperty("expect").GetDouble(), value, one.GetProperty("tolerance").GetDouble());
    }

    private static async Task Apply(PartBench bench, JsonElement part, JsonElement one, FakeByteChip chip)
    {
        JsonElement apply = one.GetProperty("apply");
        OutputValue value = apply.ValueKind == JsonValueKind.Number ? new OutputValue(apply.GetDouble()) : OutputValue.Parse(apply.GetString())!.Value;
        var entry = Entry(part, one, PartBench.OutputEntry("{}", isLevel: apply.ValueKind == JsonValueKind.Number));
        entry["output"] = one.GetProperty("output").GetInt32();
        var output = (OutputDriver)bench.Open([], [entry]).Actuators[0];

        // As at a start of the node; a register file must stand both orders.
        Assert.True(output.MakeSafe(SafeCause.Start).Confirmed);
        await output.ApplyAsync(new TestPermits(new ManualTime()).For(PartBench.Actuator, value), value, CancellationToken.None);

        Assert.Equal(value.Ratio, output.ReadBack()!.Value.Ratio, 1.0 / 4096);
        foreach (JsonProperty after in one.GetProperty("registersAfter").EnumerateObject())
        {
            byte[] wanted = Convert.FromHexString(after.Value.GetString()!);
            byte[] seen = [.. Enumerable.Range(Register(after.Name), wanted.Length).Select(r => chip[r])];
            Assert.Equal(Convert.ToHexString(wanted), Convert.ToHexString(seen));
        }
    }

    private static JsonObject Entry(JsonElement part, JsonElement one, JsonObject entry)
    {
        bool isSpi = part.GetProperty("chip").GetString() == "spi-adc";
        PartBench.Merge(entry, $$"""{ "driver": "{{part.GetProperty("driver").GetString()}}", {{(isSpi ? "\"device\": \"spidev0.0\"" : $"\"bus\": \"i2c-1\", \"address\": \"{part.GetProperty("address").GetString()}\"")}} }""");
        foreach (JsonElement at in new[] { part, one })
        {
            if (at.TryGetProperty("keys", out JsonElement keys)) PartBench.Merge(entry, keys.GetRawText());
        }

        if (one.TryGetProperty("measures", out JsonElement measures)) entry["measures"] = measures.GetString();
        return entry;
    }

    private static FakeI2cChip? PutIn(PartBench bench, JsonElement part, JsonElement one)
    {
        string kind = part.GetProperty("chip").GetString()!;
        if (kind == "spi-adc")
        {
            var adc = new FakeMcp3008();
            for (int i = 0; i < 8; i++) adc.Inputs[i] = one.GetProperty("adc")[i].GetInt32();
            bench.Ports.Spi["/dev/spidev0.0"] = new FakeSpi(adc.Transfer);
            return null;
        }

        int address = Register(part.GetProperty("address").GetString()!);
        if (kind == "command")
        {
            FakeCommandChip commands = bench.I2c.Add(address, new FakeCommandChip());
            foreach (JsonProperty response in one.GetProperty("responses").EnumerateObject()) commands.Answer(Convert.FromHexString(response.Name), Convert.FromHexString(response.Value.GetString()!));
            return commands;
        }

        FakeI2cChip chip = bench.I2c.Add<FakeI2cChip>(address, kind == "byte" ? new FakeByteChip() : new FakeWordChip());
        foreach (JsonProperty preset in one.GetProperty("registers").EnumerateObject())
        {
            byte[] bytes = Convert.FromHexString(preset.Value.GetString()!);
            if (chip is FakeByteChip byteChip) byteChip.Set(Register(preset.Name), bytes);
            else for (int i = 0; i < bytes.Length; i += 2) ((FakeWordChip)chip)[Register(preset.Name) + (i / 2)] = (ushort)((bytes[i] << 8) | bytes[i + 1]);
        }

        return chip;
    }

    private static int Register(string text) => int.Parse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    private static JsonElement Load(string file)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, file)));
        return document.RootElement.Clone();
    }
}
