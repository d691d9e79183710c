using ClawMesh.Edge.Hardware.Simulated;
using ClawMesh.Edge.World.Forecasts;

namespace ClawMesh.Edge.Tests.World.Season;

/// <summary>What was measured at each quarter of an hour, as windows for the model.</summary>
internal sealed class FarmHistory(FarmField field)
{
    public const int QuarterSeconds = SoilWindow.SlotMinutes * 60;

    private readonly List<Slot> _slots = [];
    private readonly long[] _openBefore = new long[FarmChannels.Zones];

    /// <summary>Called at each quarter of an hour.</summary>
    public void Record()
    {
        _slots.Add(Look());
        for (int zone = 0; zone < FarmChannels.Zones; zone++) _openBefore[zone] = field.OpenSeconds[zone];
        if (_slots.Count > SoilWindow.Slots) _slots.RemoveAt(0);
    }

    public SoilWindow Window(int zone)
    {
        bool onTheQuarter = field.Seconds % QuarterSeconds == 0;
        List<Slot> slots = onTheQuarter ? _slots : [.. _slots, Look()];
        var window = new SoilWindow();
        for (int back = 0; back < SoilWindow.Slots && back < slots.Count; back++)
        {
            Slot slot = slots[^(1 + back)];
            int at = SoilWindow.Slots - 1 - back;
            window.Moisture[at] = slot.Moisture[zone];
            window.SoilTemperature[at] = slot.SoilTemperature[zone];
            window.AirTemperature[at] = slot.AirTemperature;
            window.Humidity[at] = slot.Humidity;
            window.Watered[at] = slot.Watered[zone];
        }

        return window;
    }

    private Slot Look()
    {
        var slot = new Slot { AirTemperature = (float)field.Measure("air-temp"), Humidity = (float)field.Measure("humidity") };
        for (int zone = 0; zone < FarmChannels.Zones; zone++)
        {
            slot.Moisture[zone] = (float)field.Measure($"soil-moisture-{zone + 1}");
            slot.SoilTemperature[zone] = (float)field.Measure($"soil-temp-{zone + 1}");
            slot.Watered[zone] = (field.OpenSeconds[zone] - _openBefore[zone]) / (float)QuarterSeconds;
        }

        return slot;
    }

    private sealed class Slot
    {
        public float[] Moisture { get; } = new float[FarmChannels.Zones];

        public float[] SoilTemperature { get; } = new float[FarmChannels.Zones];

        public float[] Watered { get; } = new float[FarmChannels.Zones];

        public float AirTemperature { get; init; }

        public float Humidity { get; init; }
    }
}
