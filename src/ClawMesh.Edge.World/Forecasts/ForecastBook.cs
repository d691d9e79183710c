namespace ClawMesh.Edge.World.Forecasts;

/// <summary>The latest forecast of each zone. Readers get whole forecasts and never wait for a model. Thread-safe.</summary>
public sealed class ForecastBook
{
    public const int MaxZones = 64;

    private readonly Lock _gate = new();
    private volatile IReadOnlyList<ZoneForecast> _all = [];

    /// <summary>One of each zone, in the order in which zones first came.</summary>
    public IReadOnlyList<ZoneForecast> All => _all;

    public ZoneForecast? Find(string zone)
    {
        foreach (ZoneForecast forecast in _all)
        {
            if (forecast.Zone == zone) return forecast;
        }

        return null;
    }

    /// <summary>Takes the place of the zone's earlier one. A zone beyond <see cref="MaxZones"/> is not kept.</summary>
    public void Put(ZoneForecast forecast)
    {
        lock (_gate)
        {
            var next = new List<ZoneForecast>(_all);
            int at = next.FindIndex(f => f.Zone == forecast.Zone);
            if (at >= 0) next[at] = forecast;
            else if (next.Count < MaxZones) next.Add(forecast);
            _all = next;
        }
    }
}
