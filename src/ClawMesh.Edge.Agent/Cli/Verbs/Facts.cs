using System.Globalization;
using Spectre.Console;

namespace ClawMesh.Edge.Agent.Cli.Verbs;

/// <summary>Names and values under each other, aligned; values are never markup.</summary>
internal static class Facts
{
    /// <summary>A pair without a value is left out.</summary>
    public static Grid Grid(params ReadOnlySpan<(string Name, string Value)> facts)
    {
        Grid grid = new Grid().AddColumn(new GridColumn().NoWrap().Padding(0, 0, 3, 0)).AddColumn(new GridColumn().Padding(0, 0, 0, 0));
        foreach ((string name, string value) in facts)
        {
            if (value.Length > 0) grid.AddRow(new Text(name), new Text(value));
        }

        return grid;
    }

    /// <summary>Without control characters: a note from elsewhere must not steer the terminal.</summary>
    public static string Plain(string text) =>
        text.Any(char.IsControl) ? string.Create(text.Length, text, static (span, source) =>
        {
            for (int i = 0; i < span.Length; i++) span[i] = char.IsControl(source[i]) ? '\uFFFD' : source[i];
        }) : text;

    public static string Clip(string text, int length) => text.Length <= length ? text : text[..(length - 1)] + "…";

    public static string Instant(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.fff", CultureInfo.InvariantCulture);

    /// <summary>The first column names things and is never broken, so that a name can be copied.</summary>
    public static Table Table(params string[] columns)
    {
        Table table = new Table().Border(TableBorder.Simple).AddColumns([.. columns.Select(Markup.Escape)]);
        table.Columns[0].NoWrap();
        return table;
    }
}
