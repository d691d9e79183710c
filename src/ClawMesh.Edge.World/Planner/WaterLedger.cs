using System.Globalization;
using System.Text;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Storage;

namespace ClawMesh.Edge.World.Planner;

/// <summary>What a zone got since the site's midnight.</summary>
/// <param name="AutomaticMinutes">Of waterings that nobody approved by hand.</param>
public readonly record struct WaterUsed(double Litres, double AutomaticMinutes);

/// <summary>
/// Counts water by zone and day of the site, and remembers it across a restart, because a node that forgot would water its budget
/// twice. Thread-safe; bounded by <see cref="GoalsFile.MaxGoals"/> zones.
/// </summary>
public sealed class WaterLedger
{
    private const string Key = "planner.water";

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Entry> _zones = [];
    private readonly ISettingsStore _settings;

    public WaterLedger(ISettingsStore settings)
    {
        _settings = settings;
        foreach (string line in (settings.Get(Key) ?? "").Split('\n'))
        {
            string[] part = line.Split('\t');
            if (part.Length == 4 && _zones.Count < GoalsFile.MaxGoals && int.TryParse(part[1], CultureInfo.InvariantCulture, out int day)
                && double.TryParse(part[2], CultureInfo.InvariantCulture, out double litres) && double.TryParse(part[3], CultureInfo.InvariantCulture, out double minutes))
            {
                _zones[part[0]] = new Entry(day, litres, minutes);
            }
        }
    }

    public WaterUsed Today(string zone, DateTimeOffset siteNow)
    {
        lock (_lock) return _zones.TryGetValue(zone, out Entry? entry) && entry.Day >= DayOf(siteNow) ? new WaterUsed(entry.Litres, entry.Minutes) : default;
    }

    /// <summary>Counts a watering. Called before the valve opens, so that one whose answer is lost counts too.</summary>
    /// <exception cref="EdgeException"><c>JOURNAL_UNAVAILABLE</c>: it is counted in memory, but would be forgotten. Do not water.</exception>
    public Task AddAsync(string zone, double minutes, double litres, bool automatic, DateTimeOffset siteNow, CancellationToken cancellationToken)
    {
        string text;
        lock (_lock)
        {
            WaterUsed used = Today(zone, siteNow);
            if (!_zones.ContainsKey(zone) && _zones.Count >= GoalsFile.MaxGoals) ForgetOldest();
            // A clock that reads too early, as after a power cut, begins no new day and gives no new budget.
            int day = _zones.TryGetValue(zone, out Entry? known) ? Math.Max(known.Day, DayOf(siteNow)) : DayOf(siteNow);
            _zones[zone] = new Entry(day, used.Litres + litres, used.AutomaticMinutes + (automatic ? minutes : 0));
            var lines = new StringBuilder();
            foreach ((string name, Entry entry) in _zones) lines.Append(CultureInfo.InvariantCulture, $"{name}\t{entry.Day}\t{entry.Litres:R}\t{entry.Minutes:R}\n");
            text = lines.ToString();
        }

        return _settings.SetAsync(Key, text, cancellationToken);
    }

    /// <summary>Takes back what was counted for a watering that was refused: nothing flowed.</summary>
    public Task TakeBackAsync(string zone, double minutes, double litres, bool automatic, DateTimeOffset siteNow, CancellationToken cancellationToken)
    {
        WaterUsed used = Today(zone, siteNow);
        return AddAsync(zone, -Math.Min(minutes, used.AutomaticMinutes), -Math.Min(litres, used.Litres), automatic, siteNow, cancellationToken);
    }

    private void ForgetOldest()
    {
        string? oldest = null;
        foreach (string zone in _zones.Keys)
        {
            if (oldest is null || _zones[zone].Day < _zones[oldest].Day) oldest = zone;
        }

        if (oldest is not null) _zones.Remove(oldest);
    }

    private static int DayOf(DateTimeOffset siteNow) => DateOnly.FromDateTime(siteNow.DateTime).DayNumber;

    private sealed record Entry(int Day, double Litres, double Minutes);
}
