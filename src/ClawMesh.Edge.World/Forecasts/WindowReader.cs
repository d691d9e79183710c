using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.World.Forecasts;

/// <summary>Fills a <see cref="SoilWindow"/> from the picture of the site. Weather is the zone's own where it has some, else that of whichever place has it.</summary>
public sealed class WindowReader(ITwinReader twin, IWorldClock clock, WateringLog watering)
{
    private static readonly TimeSpan Slot = TimeSpan.FromMinutes(SoilWindow.SlotMinutes);

    /// <param name="window">Overwritten.</param>
    public void Fill(ForecastZone zone, SoilWindow window)
    {
        window.Clear();
        string entity = EntityOf(zone.Zone);
        TwinSnapshot picture = twin.Current;
        twin.History(entity, "moisture", Slot, window.Moisture);
        twin.History(entity, "temp", Slot, window.SoilTemperature);
        Weather(picture, entity, "air-temp", window.AirTemperature);
        Weather(picture, entity, "humidity", window.Humidity);
        Weather(picture, entity, "pressure", window.Pressure);
        if (zone.ValveRef is { } valve) watering.Fill(valve, clock.Now, Slot, window.Watered);
    }

    public static string EntityOf(string zone) => $"zone:{zone}";

    private void Weather(TwinSnapshot picture, string entity, string property, float[] values)
    {
        if (picture.Find(entity, property) is null)
        {
            string? elsewhere = null;
            foreach (TwinEntity candidate in picture.Entities.Values)
            {
                if (candidate.Properties.ContainsKey(property) && (elsewhere is null || string.CompareOrdinal(candidate.Id, elsewhere) < 0)) elsewhere = candidate.Id;
            }

            if (elsewhere is null) return;
            entity = elsewhere;
        }

        twin.History(entity, property, Slot, values);
    }
}
