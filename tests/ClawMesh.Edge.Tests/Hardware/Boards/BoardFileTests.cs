using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Boards;
using ClawMesh.Edge.Tests.House;

namespace ClawMesh.Edge.Tests.Hardware.Boards;

public sealed partial class BoardFileTests
{
    private const string Stranger = "xyzzy";

    private const string Whole = """
        {
          "$schema": "board.schema.json", "schema": 1, "name": "bench", "title": "A bench", "source": "manual, page 3", "notes": "n", "soc": "tegra234",
          "compatibles": ["acme,bench"], "carrierIds": ["1234"], "matchOrder": 5,
          "pins": [
            { "pin": 7, "function": "UART1_RTS", "gpio": { "chip": "gpio", "line": "PA.01", "offset": 1, "direction": "input", "pad": "0x02430068", "group": "a1" },
              "pwm": { "device": "1.pwm", "channel": 0, "name": "PWM1" }, "notes": "n" },
            { "pin": 9, "function": "GND" },
            { "pin": 11, "gpio": { "chip": "gpio", "line": "PA.02", "offset": 2 } }
          ],
          "buses": [{ "name": "header-i2c", "kind": "i2c", "controller": "1.i2c", "device": "/dev/i2c-1", "pins": [7], "ownDevices": [{ "address": "0x40", "what": "INA3221" }], "notes": "n" }],
          "rails": [{ "monitor": "1-0040", "rails": ["VDD_IN", "VDD_SOC"], "total": "VDD_IN" }],
          "channels": [{ "name": "a", "kind": "output", "bus": "b", "unit": "V", "notes": "n", "wiring": { "k": 1 } }]
        }
        """;

    private static readonly BoardCatalog Catalog = new("/nonexistent");

    public static TheoryData<string> Shipped => new(Catalog.Names());

    [Theory]
    [MemberData(nameof(Shipped))]
    public void A_shipped_board_has_no_problem(string name)
    {
        BoardReadResult read = Catalog.Read(name);

        Assert.Empty(read.Problems);
        Assert.NotNull(read.Board);
    }

    [Fact]
    public void The_shipped_boards_are_those_of_the_folder_and_the_schema_is_none_of_them()
    {
        IEnumerable<string> files = Repository.Files.Where(f => f.Folder == "hw/boards" && f.Path.EndsWith(".json", StringComparison.Ordinal))
            .Select(f => Path.GetFileNameWithoutExtension(f.Path)).Where(name => name != "board.schema");

        Assert.Equal(files.Order(StringComparer.Ordinal), Catalog.Names());
        Assert.Contains("orin-nano", Catalog.Names());
    }

    [Fact]
    public void All_boards_together_stay_small_inside_the_binary() =>
        Assert.True(Repository.Files.Where(f => f.Folder == "hw/boards" && !f.Path.EndsWith(".schema.json", StringComparison.Ordinal)).Sum(f => f.Text.Length) < 60_000);

    [Fact]
    public void A_table_of_somebody_else_names_its_notice_and_the_notice_travels_with_it()
    {
        Assert.Contains("NVIDIA CORPORATION", Repository.Text("LICENSES/jetson-gpio.txt"), StringComparison.Ordinal);
        Assert.Contains("jetson-gpio.txt", Repository.Text("LICENSES/README.md"), StringComparison.Ordinal);
        Assert.All(Catalog.List().Select(r => r.Board!).Where(b => b.Pins.Count > 0), b => Assert.Contains("LICENSES/jetson-gpio.txt", b.Source, StringComparison.Ordinal));
    }

    [Fact]
    public void The_errata_of_the_source_are_corrected()
    {
        Assert.Equal("PBB.00", Catalog.Read("agx-xavier").Board!.Pin(16)!.Gpio!.LineName);
        Assert.Equal(("GPIO_EXP_P17", 15), (Catalog.Read("tx2").Board!.Pin(15)!.Gpio!.LineName, Catalog.Read("tx2").Board!.Pin(15)!.Gpio!.Offset));
    }

    [Fact]
    public void Pins_27_and_28_of_an_Orin_share_their_bus_with_the_module()
    {
        BoardBus bus = Catalog.Read("orin-nano").Board!.Bus("header-i2c-id")!;

        Assert.Equal([27, 28], bus.Pins);
        Assert.Contains(bus.OwnDevices, o => o.Address == 0x40 && o.What.Contains("INA3221", StringComparison.Ordinal));
    }

    [Fact]
    public void Every_GPIO_of_an_Orin_has_its_pad_and_its_group_and_no_two_share_one()
    {
        foreach (string name in (string[])["orin-nano", "orin-nx", "agx-orin"])
        {
            BoardGpio[] gpios = [.. Catalog.Read(name).Board!.Pins.Select(p => p.Gpio).OfType<BoardGpio>()];
            Assert.Equal(22, gpios.Length);
            Assert.All(gpios, g => Assert.True(g.PadRegister is not null && g.PinGroup.Length > 0));
            Assert.Equal(22, gpios.Select(g => g.PadRegister).Distinct().Count());
        }
    }

    [Fact]
    public void A_board_reads_as_it_is_written()
    {
        BoardReadResult read = BoardFile.Read(Whole, "bench.json");

        Assert.Empty(read.Problems);
        BoardDefinition board = read.Board!;
        Assert.Equal(("tegra234", 5), (board.Soc, board.MatchOrder));
        Assert.Equal(new BoardGpio("gpio", "PA.01", 1, PinDirection.InputOnly, 0x02430068, "a1"), board.Pin(7)!.Gpio);
        Assert.Equal(new BoardPwm("1.pwm", 0, "PWM1"), board.Pin(7)!.Pwm);
        Assert.Equal(11, board.PinOf("gpio", "PA.02")!.Number);
        Assert.Equal(11, board.PinOf("gpio", "2")!.Number);
        Assert.Equal(7, board.PinOf("1.pwm", 0)!.Number);
        Assert.Equal(new BoardOwnDevice(0x40, "INA3221"), Assert.Single(board.Bus("header-i2c")!.OwnDevices));
        Assert.Equal("VDD_IN", Assert.Single(board.Rails).Total);
    }

    [Theory]
    [InlineData("\"pin\": 9", "\"pin\": 7", "pins[1].pin")]
    [InlineData("\"pin\": 9", "\"pin\": \"9\"", "pins[1].pin")]
    [InlineData("\"function\": \"UART1_RTS\"", "\"function\": \"3V3\"", "pins[0].gpio")]
    [InlineData("\"PA.02\"", "\"PA.01\"", "pins[2].gpio.line")]
    [InlineData("\"offset\": 2", "\"offset\": 1", "pins[2].gpio.offset")]
    [InlineData("\"0x02430068\"", "\"2430068\"", "pins[0].gpio.pad")]
    [InlineData("\"0x02430068\"", "\"0x02430069\"", "pins[0].gpio.pad")]
    [InlineData("\"0x02430068\"", "\"0x80000000\"", "pins[0].gpio.pad")]
    [InlineData("\"soc\": \"tegra234\",", "", "pins[0].gpio.pad")]
    [InlineData("\"direction\": \"input\"", "\"direction\": \"in\"", "pins[0].gpio.direction")]
    [InlineData("\"function\": \"GND\"", "\"notes\": \"x\"", "pins[1].function")]
    [InlineData("\"kind\": \"i2c\"", "\"kind\": \"can\"", "buses[0].kind")]
    [InlineData("\"kind\": \"i2c\"", "\"kind\": \"spi\"", "buses[0].ownDevices")]
    [InlineData("\"/dev/i2c-1\"", "\"i2c-1\"", "buses[0].device")]
    [InlineData("\"pins\": [7]", "\"pins\": [8]", "buses[0].pins")]
    [InlineData("\"0x40\"", "\"64\"", "buses[0].ownDevices[0].address")]
    [InlineData("\"0x40\"", "\"0x80\"", "buses[0].ownDevices[0].address")]
    [InlineData("\"1-0040\"", "\"1-40\"", "rails[0].monitor")]
    [InlineData("\"total\": \"VDD_IN\"", "\"total\": \"VDD\"", "rails[0].total")]
    [InlineData("[\"acme,bench\"]", "[\"bench\"]", "compatibles")]
    [InlineData("[\"1234\"]", "[\"P1234\"]", "carrierIds")]
    [InlineData("\"matchOrder\": 5", "\"matchOrder\": -1", "matchOrder")]
    public void Each_mistake_is_named_where_it_stands_with_a_fix(string written, string instead, string path)
    {
        Assert.Contains(written, Whole, StringComparison.Ordinal);

        BoardReadResult read = BoardFile.Read(Whole.Replace(written, instead, StringComparison.Ordinal), "bench.json");

        Assert.Null(read.Board);
        ConfigProblem problem = Assert.Single(read.Problems);
        Assert.Equal(path, problem.Path);
        Assert.NotEqual("", problem.Fix);
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("pins[0].", "pin")]
    [InlineData("pins[0].gpio.", "gpio")]
    [InlineData("pins[0].pwm.", "pwm")]
    [InlineData("buses[0].", "bus")]
    [InlineData("buses[0].ownDevices[0].", "ownDevice")]
    [InlineData("rails[0].", "rails")]
    [InlineData("channels[0].", "channel")]
    public void The_schema_knows_the_keys_the_reader_knows(string path, string definition)
    {
        JsonNode document = JsonNode.Parse(Whole)!;
        At(document, path)[Stranger] = 1;

        ConfigProblem warning = Assert.Single(BoardFile.Read(document.ToJsonString(), "bench.json").Problems);

        Assert.Equal(path + Stranger, warning.Path);
        IEnumerable<string> known = Known().Match(warning.Fix).Groups["keys"].Value.Split(", ");
        Assert.Equal(Definition(definition).GetProperty("properties").EnumerateObject().Select(p => p.Name).Order(StringComparer.Ordinal), known.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("pins[0].", "pin")]
    [InlineData("pins[0].gpio.", "gpio")]
    [InlineData("pins[0].pwm.", "pwm")]
    [InlineData("buses[0].", "bus")]
    [InlineData("buses[0].ownDevices[0].", "ownDevice")]
    [InlineData("rails[0].", "rails")]
    [InlineData("channels[0].", "channel")]
    public void What_the_schema_requires_the_reader_requires_and_nothing_else(string path, string definition)
    {
        HashSet<string> required = [.. Definition(definition).GetProperty("required").EnumerateArray().Select(k => k.GetString()!)];
        foreach (JsonProperty key in Definition(definition).GetProperty("properties").EnumerateObject())
        {
            JsonNode document = JsonNode.Parse(Whole)!;

            // A pad needs the chip's name; that is a matter of two keys, and tested above.
            if (key.Name == "soc") ((JsonObject)document["pins"]![0]!["gpio"]!).Remove("pad");
            if (key.Name == "pins" && path.Length == 0) ((JsonObject)document["buses"]![0]!).Remove("pins");
            Assert.True(At(document, path).Remove(key.Name), $"the test's board has no {path}{key.Name}");

            BoardReadResult read = BoardFile.Read(document.ToJsonString(), "bench.json");

            Assert.True(required.Contains(key.Name) == read.Board is null, $"{path}{key.Name}: {string.Join(' ', read.Problems.Select(p => p.What))}");
        }
    }

    private static JsonElement Definition(string name)
    {
        using JsonDocument schema = JsonDocument.Parse(Repository.Text("hw/boards/board.schema.json"));
        return (name.Length == 0 ? schema.RootElement : schema.RootElement.GetProperty("$defs").GetProperty(name)).Clone();
    }

    private static JsonObject At(JsonNode node, string path)
    {
        foreach (Match step in Step().Matches(path))
        {
            node = node[step.Groups["key"].Value]!;
            if (step.Groups["index"].Success) node = node[0]!;
        }

        return (JsonObject)node;
    }

    [GeneratedRegex(@"(?<key>\w+)(?<index>\[0\])?\.")]
    private static partial Regex Step();

    [GeneratedRegex(@"Known here: (?<keys>.+)\.$")]
    private static partial Regex Known();
}
