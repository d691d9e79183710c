using System.Text;
using ClawMesh.Edge.Hardware.Boards;

namespace ClawMesh.Edge.Tests.House;

/// <summary>The table of boards in docs/boards.md is made from the files; <c>make pages</c> writes it.</summary>
public sealed class BoardPageTests
{
    private const string Page = "docs/boards.md";
    private const string Begin = "<!-- boards -->";
    private const string End = "<!-- /boards -->";

    [Fact]
    public void The_table_of_boards_is_what_the_files_hold()
    {
        string path = Path.Combine(Repository.Root, Page);
        string text = File.ReadAllText(path);
        int begin = text.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        string made = $"{text[..begin]}\n{Table()}{text[text.IndexOf(End, StringComparison.Ordinal)..]}";
        if (Environment.GetEnvironmentVariable("CLAWMESH_WRITE_PAGES") == "1") File.WriteAllText(path, made);

        Assert.Equal(made, File.ReadAllText(path));
    }

    private static string Table()
    {
        var table = new StringBuilder("\n| board | is | GPIOs | PWM pins | buses | pads |\n|---|---|---|---|---|---|\n");
        foreach (BoardDefinition board in new BoardCatalog("/nonexistent").List().Select(r => r.Board!).OrderBy(b => b.Name, StringComparer.Ordinal))
        {
            string pwm = string.Join(", ", board.Pins.Where(p => p.Pwm is not null).Select(p => p.Number));
            string buses = string.Join(", ", board.Buses.Select(b => $"`{b.Name}`"));
            string pads = board.Pins.Any(p => p.Gpio?.PadRegister is not null) ? "known" : "–";
            table.Append($"| `{board.Name}` | {board.Title} | {board.Pins.Count(p => p.Gpio is not null)} | {(pwm.Length == 0 ? "–" : pwm)} | {(buses.Length == 0 ? "–" : buses)} | {pads} |\n");
        }

        return table.Append('\n').ToString();
    }
}
