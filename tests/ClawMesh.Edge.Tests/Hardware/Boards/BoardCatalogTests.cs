using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Boards;
using ClawMesh.Edge.Hardware.Simulated;

namespace ClawMesh.Edge.Tests.Hardware.Boards;

public sealed class BoardCatalogTests : IDisposable
{
    private const string Valid = """
        { "schema": 1, "name": "bench", "title": "A bench", "source": "datasheet, page 3",
          "channels": [
            { "name": "relay-1", "kind": "output", "bus": "gpiochip0", "notes": "normally open", "wiring": { "chip": "gpiochip0", "line": 12 } },
            { "name": "probe", "kind": "sensor", "bus": "i2c-1", "unit": "°C" },
          ] }
        """;

    private readonly string _directory = Directory.CreateTempSubdirectory("clawmesh-boards-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void The_embedded_simulated_board_has_no_problem_and_lists_what_the_farm_offers()
    {
        BoardReadResult read = new BoardCatalog(_directory).Read("simulated");

        Assert.Empty(read.Problems);
        Assert.Equal("embedded:boards/simulated", read.Origin);
        Assert.Equal(FarmChannels.Outputs, read.Board!.Channels.Where(c => c.Kind == ChannelKind.Output).Select(c => c.Name));
        Assert.Equal(
            FarmChannels.Sensors.Select(s => (s.Name, s.Unit)),
            read.Board.Channels.Where(c => c.Kind == ChannelKind.Sensor).Select(c => (c.Name, c.Unit)));
    }

    [Fact]
    public void A_board_reads_as_it_is_written_with_the_drivers_own_keys_as_text()
    {
        BoardReadResult read = BoardFile.Read(Valid, "bench.json");

        Assert.Empty(read.Problems);
        BoardChannel relay = read.Board!.Find("relay-1")!;
        Assert.Equal((ChannelKind.Output, "gpiochip0", "", "normally open"), (relay.Kind, relay.Bus, relay.Unit, relay.Notes));
        Assert.Equal("12", relay.Wiring["line"]);
        Assert.Equal("°C", read.Board.Find("probe")!.Unit);
        Assert.Null(read.Board.Find("nothing"));
    }

    [Theory]
    [InlineData("\"schema\": 1,", "", "schema")]
    [InlineData("\"name\": \"bench\"", "\"name\": \"../bench\"", "name")]
    [InlineData("\"source\": \"datasheet, page 3\",", "", "source")]
    [InlineData("\"kind\": \"output\"", "\"kind\": \"relay\"", "channels[0].kind")]
    [InlineData("\"bus\": \"i2c-1\", ", "", "channels[1].bus")]
    [InlineData("\"name\": \"probe\"", "\"name\": \"relay-1\"", "channels[1].name")]
    [InlineData("\"line\": 12", "\"line\": [12]", "channels[0].wiring.line")]
    [InlineData("\"line\": 12", "\"bus\": \"x\"", "channels[0].wiring.bus")]
    public void Each_mistake_in_a_board_is_named_where_it_stands(string written, string instead, string path)
    {
        Assert.Contains(written, Valid, StringComparison.Ordinal);

        BoardReadResult read = BoardFile.Read(Valid.Replace(written, instead, StringComparison.Ordinal), "bench.json");

        Assert.Null(read.Board);
        Assert.Equal(path, Assert.Single(read.Problems).Path);
    }

    [Fact]
    public void A_board_of_this_machine_comes_first_and_a_broken_one_hides_behind_nothing()
    {
        File.WriteAllText(Path.Combine(_directory, "bench.json"), Valid);
        File.WriteAllText(Path.Combine(_directory, "simulated.json"), "{");
        var catalog = new BoardCatalog(_directory);

        Assert.Equal(catalog.Names().Order(StringComparer.Ordinal), catalog.Names());
        Assert.Contains("bench", catalog.Names());
        Assert.Single(catalog.Names(), "simulated");
        Assert.Equal("A bench", catalog.Read("bench").Board?.Title);
        Assert.Null(catalog.Read("simulated").Board);
        Assert.Contains(catalog.List(), read => read.Board is null && read.Problems.Count > 0);
    }

    [Fact]
    public void A_file_must_carry_the_name_of_its_board()
    {
        File.WriteAllText(Path.Combine(_directory, "other.json"), Valid);

        BoardReadResult read = new BoardCatalog(_directory).Read("other");

        Assert.Null(read.Board);
        Assert.Contains(read.Problems, p => p.Severity == ProblemSeverity.Error && p.What.Contains("'bench'", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("nowhere")]
    [InlineData("../simulated")]
    public void An_unknown_board_is_a_problem_that_lists_the_known_ones(string name)
    {
        BoardReadResult read = new BoardCatalog(_directory).Read(name);

        Assert.Null(read.Board);
        Assert.Contains("simulated", Assert.Single(read.Problems).What, StringComparison.Ordinal);
    }
}
