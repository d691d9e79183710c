using System.Globalization;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.World.Forecasts;
using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.World.Anomalies;

/// <summary>
/// A moisture sensor walks away from what the model expects of its zone: outside the forecast's band by a margin, on one side, several
/// checks in a row; or by little and always to the same side (a one-sided CUSUM for each side, Page 1954). A zone that is watered while a
/// forecast waits makes it void: the forecast did not know.
/// </summary>
internal sealed class DriftDetector(string zone, IReadOnlyList<string> valves, IWorldClock world, AnomalyOptions options, TimeProvider time) : Detector(
    AnomalyKinds.SensorDrift, Classification.IdOf(EntityKind.Zone, zone), FailureClass.OutOfRange,
    "Measure the moisture by hand beside the sensor and compare. A loose probe, a broken cable, water that the node does not know of, or a model that does not fit this soil does this.",
    options, time)
{
    private const string Moisture = "moisture";
    private const int MaxWaiting = 64;
    private const int InARow = 3;
    private const double MarginPercent = 1;
    private const double LeastHalfBandPercent = 0.5;

    // In half bands: what is allowed each time, and the sum at which it is no chance any more.
    private const double Slack = 0.75;
    private const double Alarm = 8;
    private const double Calm = 2;

    // One odd reading is no drift, however odd.
    private const double MostAtOnce = 3;

    private static readonly TimeSpan LongestHorizon = TimeSpan.FromHours(6);
    private static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(15);

    private readonly List<Waiting> _waiting = [];
    private string _lastForecast = "";
    private int _outside;
    private int _inside;
    private double _above;
    private double _below;
    private string _seen = "";
    private string _expected = "";

    public override bool UsesForecast => true;

    /// <summary>Notes what a forecast says, to be compared when its time comes.</summary>
    public void Expect(ZoneForecast forecast)
    {
        if (forecast.Unavailable is not null || forecast.Id == _lastForecast) return;
        _lastForecast = forecast.Id;
        DateTimeOffset now = world.Now;
        bool shortest = true;
        foreach (ForecastHorizon horizon in forecast.Horizons)
        {
            if (horizon.Minutes <= 0 || horizon.Minutes > LongestHorizon.TotalMinutes || _waiting.Count == MaxWaiting) continue;
            _waiting.Add(new Waiting(now + TimeSpan.FromMinutes(horizon.Minutes), horizon, shortest));
            shortest = false;
        }
    }

    public override Finding Look(TwinSnapshot twin)
    {
        foreach (string valve in valves)
        {
            if (IsOn(twin, valve) != true) continue;
            _waiting.Clear();
            return Finding.Unknown;
        }

        TwinProperty? moisture = twin.Find(Subject, Moisture);
        bool usable = Finding.IsUsable(moisture);
        DateTimeOffset now = world.Now;
        bool compared = false;
        for (int i = 0; i < _waiting.Count;)
        {
            Waiting due = _waiting[i];
            if (now < due.At)
            {
                i++;
                continue;
            }

            _waiting.RemoveAt(i);
            // A look that comes too late compares with another moment's moisture.
            if (!usable || now - due.At > Tolerance + TimeSpan.FromSeconds(2 * world.Rate)) continue;
            Compare(due, moisture!.Value!.Value);
            compared = true;
        }

        if (!compared) return Incident.IsOpen && IsCalm ? new Finding(Verdict.Normal, moisture, _seen, _expected) : Finding.Unknown;
        bool wrong = Math.Abs(_outside) >= InARow || _above >= Alarm || _below >= Alarm;
        return new Finding(wrong ? Verdict.Certain : IsCalm ? Verdict.Normal : Verdict.Between, moisture, _seen, _expected);
    }

    private bool IsCalm => _inside >= InARow && _above <= Calm && _below <= Calm;

    private void Compare(Waiting due, double observed)
    {
        ForecastHorizon said = due.Horizon;
        int side = observed > said.HighPercent + MarginPercent ? 1 : observed < said.LowPercent - MarginPercent ? -1 : 0;
        _outside = side == 0 ? 0 : Math.Sign(_outside) == side ? _outside + side : side;
        _inside = side == 0 ? Math.Min(_inside + 1, InARow) : 0;
        if (due.Shortest)
        {
            double halfBands = Math.Clamp((observed - said.MiddlePercent) / Math.Max((said.HighPercent - said.LowPercent) / 2, LeastHalfBandPercent), -MostAtOnce, MostAtOnce);
            // Bounded, so that an incident of weeks does not take weeks to clear.
            _above = Math.Clamp(_above + halfBands - Slack, 0, Alarm + Slack);
            _below = Math.Clamp(_below - halfBands - Slack, 0, Alarm + Slack);
        }

        _seen = string.Create(CultureInfo.InvariantCulture, $"moisture {observed:0.##} %, {Math.Abs(observed - said.MiddlePercent):0.##} % {(observed >= said.MiddlePercent ? "above" : "below")} the forecast");
        _expected = string.Create(CultureInfo.InvariantCulture, $"{said.LowPercent:0.##} to {said.HighPercent:0.##} %, forecast {said.Minutes} min before");
    }

    private sealed record Waiting(DateTimeOffset At, ForecastHorizon Horizon, bool Shortest);
}
