using System.Globalization;
using System.Text;

namespace ClawMesh.Edge.Tests.World.Season;

/// <summary>Seasons of several seeds as the table of docs/planner.md: minimum, median and maximum over the seeds.</summary>
internal static class SeasonTable
{
    public static string Of(IReadOnlyList<(string Controller, IReadOnlyList<SeasonResult> Seasons)> rows)
    {
        var table = new StringBuilder();
        table.AppendLine("| controller | zone | hours in band, % | litres | valve starts |");
        table.AppendLine("|---|---|---|---|---|");
        foreach ((string controller, IReadOnlyList<SeasonResult> seasons) in rows)
        {
            table.AppendLine(CultureInfo.InvariantCulture, $"| **{controller}** | all | {Spread(seasons, s => s.InBand, "0.00")} | {Spread(seasons, s => s.AllLitres, "0")} | {Spread(seasons, s => s.ValveStarts.Sum(), "0")} |");
            for (int zone = 0; zone < seasons[0].Litres.Length; zone++)
            {
                int z = zone;
                table.AppendLine(CultureInfo.InvariantCulture, $"| | {zone + 1} | {Spread(seasons, s => s.InBandPercent[z], "0.00")} | {Spread(seasons, s => s.Litres[z], "0")} | {Spread(seasons, s => s.ValveStarts[z], "0")} |");
            }
        }

        table.AppendLine();
        foreach ((string controller, IReadOnlyList<SeasonResult> seasons) in rows) table.AppendLine(Remarks(controller, seasons));
        return table.ToString();
    }

    private static string Remarks(string controller, IReadOnlyList<SeasonResult> seasons)
    {
        var codes = new SortedDictionary<string, int>();
        foreach (SeasonResult season in seasons)
        {
            foreach ((string code, int count) in season.Refusals) codes[code] = codes.GetValueOrDefault(code) + count;
        }

        string refusals = codes.Count == 0 ? "none" : string.Join(", ", codes.Select(c => $"{c.Value} {c.Key}"));
        string text = string.Create(CultureInfo.InvariantCulture, $"{controller}: refusals {refusals}; interlock hits {seasons.Sum(s => s.InterlockHits)}; pump starts {seasons.Sum(s => s.PumpStarts)}; beds at the end {Spread(seasons, s => s.MeanEndPercent, "0.0")} %");
        int compared = seasons.Sum(s => s.Comparisons.Count);
        if (compared == 0) return text;
        double bias = seasons.SelectMany(s => s.Comparisons).Average(c => c.ErrorPercent);
        double off = seasons.SelectMany(s => s.Comparisons).Average(c => Math.Abs(c.ErrorPercent));
        int inside = seasons.SelectMany(s => s.Comparisons).Count(c => c.Inside);
        return string.Create(CultureInfo.InvariantCulture, $"{text}; {seasons.Sum(s => s.Asked)} waterings beyond the L1 limits; {compared} forecasts compared, {off:0.00} % off on average (measured minus expected {bias:+0.00;-0.00} %), {100.0 * inside / compared:0} % inside their interval");
    }

    public static string Spread(IReadOnlyList<SeasonResult> seasons, Func<SeasonResult, double> value, string format)
    {
        double[] sorted = [.. seasons.Select(value).Order()];
        double median = sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
        return string.Create(CultureInfo.InvariantCulture, $"{sorted[0].ToString(format, CultureInfo.InvariantCulture)} / {median.ToString(format, CultureInfo.InvariantCulture)} / {sorted[^1].ToString(format, CultureInfo.InvariantCulture)}");
    }
}
