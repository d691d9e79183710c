using System.Globalization;
using System.Text;
using ClawMesh.Edge.Hardware.Parts;

namespace ClawMesh.Edge.Tests.House;

/// <summary><c>docs/parts.md</c> is written from the catalogue of parts (<c>make pages</c>); this keeps it so.</summary>
public sealed class PartsPageTests
{
    private const string Path = "docs/parts.md";

    private const string Intro =
        """
        # Parts

        <!-- Generated from the part catalogue (hw/ClawMesh.Edge.Hardware/Parts) by `make pages`; a test keeps it so. -->

        What a site file can name as `driver`, and the keys each part reads besides those of every sensor and actuator, which are in
        [site files](site-files.md). `clawmesh-edge scan` shows what is there; `clawmesh-edge board check` finds what clashes.

        | bus | keys of all its parts |
        |---|---|
        | GPIO | `pin`, a number of the board's header, or `chip` and `line` (a name or an offset); lists by comma where a part has several lines |
        | I2C | `bus`, a bus of the board or `i2c-N`; `address`, `0x..` |
        | SPI | `device`, a bus of the board or `spidevB.C` |
        | serial | `port`, a bus of the board or a tty; `baud` (default 9600), `parity` (none), `stopBits` (1), `station` |
        | 1-wire | `serial`, the number the kernel shows |
        | PWM | `pin`, a header pin a PWM controller reaches, or `pwmChip` and `pwmChannel` |
        | kernel | only their own |

        A sensor may have a `calibration`: two points of a straight line, `raw1`, `value1`, `raw2`, `value2`, the day it was measured as
        `on`, and `validFor`, which needs `on`. The unit is then the site's to choose, as for soil moisture behind an ADC:

            "calibration": { "raw1": 2.60, "value1": 0, "raw2": 1.10, "value2": 100, "on": "2026-03-01", "validFor": "365d" }

        """;

    [Fact]
    public void The_page_of_parts_is_what_the_catalogue_says()
    {
        string page = Render();
        if (Environment.GetEnvironmentVariable("CLAWMESH_WRITE_PAGES") == "1") File.WriteAllText(System.IO.Path.Combine(Repository.Root, Path), page);

        Assert.Equal(page, Repository.Text(Path));
    }

    [Fact]
    public void Every_driver_has_a_name_of_its_own_a_title_and_a_source()
    {
        Assert.Equal(PartCatalog.All.Count, PartCatalog.All.Select(p => p.Driver).Distinct().Count());
        Assert.All(PartCatalog.All, part =>
        {
            Assert.False(string.IsNullOrWhiteSpace(part.Title));
            Assert.False(string.IsNullOrWhiteSpace(part.Datasheet));
            Assert.Matches("^[a-z][a-z0-9-]*$", part.Driver);
        });
    }

    private static string Render()
    {
        var page = new StringBuilder(Intro.ReplaceLineEndings("\n")).Append('\n');
        Section(page, "Sensors", PartCatalog.All.OfType<SensorPart>(), part => string.Join(", ", ((SensorPart)part).Measures.Select(m => m.Unit.Length == 0 ? m.Name : $"{m.Name} {m.Unit}")), "measures");
        Section(page, "Outputs", PartCatalog.All.OfType<OutputPart>(), part => ((OutputPart)part).Levels ? "onOff, level" : "onOff", "kinds");
        return page.ToString();
    }

    private static void Section(StringBuilder page, string title, IEnumerable<Part> parts, Func<Part, string> what, string column)
    {
        page.Append(CultureInfo.InvariantCulture, $"## {title}\n\n| driver | part | bus | {column} | its keys | source |\n|---|---|---|---|---|---|\n");
        foreach (Part part in parts.OrderBy(p => p.Driver, StringComparer.Ordinal))
        {
            string bus = part.Addresses.Count > 0 ? $"{part.Bus} {part.Addresses[0]}{(part.Addresses.Count > 1 ? $"–{part.Addresses[^1]}" : "")}" : $"{part.Bus}";
            page.Append(CultureInfo.InvariantCulture, $"| `{part.Driver}` | {part.Title} | {bus} | {what(part)} | {string.Join("; ", part.Keys.Select(Key))} | {part.Datasheet} |\n");
        }

        page.Append('\n');
    }

    private static string Key(PartKey key)
    {
        string allowed = key.Kind switch
        {
            PartKeyKind.Word => string.Join('/', key.Words),
            PartKeyKind.Whole or PartKeyKind.Number when double.IsFinite(key.Min) && double.IsFinite(key.Max) => string.Create(CultureInfo.InvariantCulture, $"{key.Min} to {key.Max}"),
            PartKeyKind.Duration when double.IsFinite(key.Max) => string.Create(CultureInfo.InvariantCulture, $"at most {key.Max} s"),
            PartKeyKind.Flag => "true/false",
            _ => "",
        };
        string preset = key.Required ? ", required" : key.Default is { } value ? $", default {value}" : "";
        return $"`{key.Name}` {key.Means}{(allowed.Length > 0 ? $" ({allowed}{preset})" : preset)}".Replace("|", "\\|", StringComparison.Ordinal);
    }
}
