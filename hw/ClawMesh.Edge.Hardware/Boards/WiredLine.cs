using System.Globalization;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Buses.Gpio;
using ClawMesh.Edge.Hardware.Parts;

namespace ClawMesh.Edge.Hardware.Boards;

/// <summary>One line or PWM channel that a part of a site is wired to.</summary>
internal sealed class WiredLine(string reference, PadUse use, string chip, string line, BoardPin? pin)
{
    private const string ChipSuffix = ".chip";

    /// <summary>The sensor or actuator.</summary>
    public string Ref => reference;

    public PadUse Use => use;

    /// <summary>Label of the GPIO chip, or device of the PWM controller, as the site or the board names it.</summary>
    public string Chip => chip;

    /// <summary>Name or offset of the line, or number of the PWM channel.</summary>
    public string Line => line;

    /// <summary>Where it comes out; null when it is not on the board's header.</summary>
    public BoardPin? Pin => pin;

    /// <summary>Its part shares the line with entries of its own kind, as flow and volume of one meter do.</summary>
    public bool IsShared { get; private init; }

    /// <summary>Two lines with one name are one line, however the site names it.</summary>
    public string Place => pin is not null ? $"pin {pin.Number}" : use == PadUse.Pwm ? $"channel {line} of {chip}" : $"line {line} of {chip}";

    public static List<WiredLine> Of(Site site, BoardDefinition? board)
    {
        var lines = new List<WiredLine>();
        foreach (SensorBinding sensor in site.Sensors) Add(lines, sensor.Info.Id.Value, sensor.Wiring, isOutput: false, board, PartCatalog.Find(sensor.Driver) is { SharesLine: true });
        foreach (ActuatorBinding actuator in site.Actuators) Add(lines, actuator.Policy.Actuator.Value, actuator.Wiring, isOutput: true, board);
        return lines;
    }

    /// <summary>The lines an output drives, without those it listens to.</summary>
    public static List<WiredLine> DrivenBy(ActuatorBinding actuator, BoardDefinition? board)
    {
        var lines = new List<WiredLine>();
        Add(lines, actuator.Policy.Actuator.Value, actuator.Wiring, isOutput: true, board);
        lines.RemoveAll(line => line.Use == PadUse.Input);
        return lines;
    }

    private static void Add(List<WiredLine> lines, string reference, IReadOnlyDictionary<string, string> wiring, bool isOutput, BoardDefinition? board, bool isShared = false)
    {
        foreach (string key in wiring.Keys)
        {
            if (!key.EndsWith(ChipSuffix, StringComparison.Ordinal)) continue;
            string role = key[..^ChipSuffix.Length];
            if (GpioTarget.Of(wiring, role) is not { } target) continue;
            PadUse use = isOutput && role == GpioTarget.MainRole ? PadUse.Output : PadUse.Input;
            for (int i = 0; i < target.Lines.Count; i++)
            {
                BoardPin? where = i < target.Pins.Count ? board?.Pin(target.Pins[i]) : board?.PinOf(target.Chip, target.Lines[i]);
                lines.Add(new WiredLine(reference, use, target.Chip, target.Lines[i], where) { IsShared = isShared });
            }
        }

        if (wiring.TryGetValue(BusKeys.PwmChip, out string? device) && wiring.TryGetValue(BusKeys.PwmChannel, out string? channel))
            lines.Add(new WiredLine(reference, PadUse.Pwm, device, channel, board?.PinOf(device, int.Parse(channel, CultureInfo.InvariantCulture))));
    }
}
