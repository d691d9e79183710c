using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Hardware.Simulated;
using ClawMesh.Edge.World.Planner;

namespace ClawMesh.Edge.Tests.World.Season;

/// <summary>Whoever tends the farm: asked once a minute.</summary>
internal interface IFarmController
{
    Task EveryMinuteAsync();
}

internal sealed class NobodyTends : IFarmController
{
    public Task EveryMinuteAsync() => Task.CompletedTask;
}

/// <param name="PulseMinutes">How long it waters.</param>
/// <param name="SoakMinutes">How long it then waits before it looks at the probe again.</param>
/// <param name="MarginPercent">How far above the lower end of the band it begins.</param>
internal sealed record ThresholdSettings(double PulseMinutes, double SoakMinutes, double MarginPercent);

/// <summary>A timer with a probe: waters for a fixed time when moisture is below a limit, outside quiet hours, then lets it soak in.</summary>
internal sealed class ThresholdController(FarmField field, IReadOnlyList<ZoneGoal> goals, ThresholdSettings settings) : IFarmController
{
    private readonly DateTimeOffset[] _soaksUntil = new DateTimeOffset[FarmChannels.Zones];

    public async Task EveryMinuteAsync()
    {
        for (int zone = 0; zone < goals.Count; zone++)
        {
            DateTimeOffset now = field.Time.GetUtcNow();
            if (field.IsOpen(zone) || now < _soaksUntil[zone]) continue;
            if (QuietTime.Touches(goals[zone].QuietHours, now.TimeOfDay.TotalHours, settings.PulseMinutes / 60)) continue;
            if (field.Measure($"soil-moisture-{zone + 1}") >= goals[zone].LowPercent + settings.MarginPercent) continue;
            ActuationAnswer answer = await field.OpenAsync(goals[zone].TargetRef, settings.PulseMinutes, FarmField.SensorTrust("timer"));
            if (answer.Outcome == ActuationOutcome.Done) _soaksUntil[zone] = now + TimeSpan.FromMinutes(settings.PulseMinutes + settings.SoakMinutes);
        }
    }
}
