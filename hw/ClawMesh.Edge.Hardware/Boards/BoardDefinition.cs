using System.Globalization;

namespace ClawMesh.Edge.Hardware.Boards;

/// <summary>What a module brings to the wiring, by pins of its header, buses and named channels, with where the facts come from.</summary>
/// <param name="Source">The document and page they are taken from.</param>
/// <param name="Channels">What the simulated farm offers; real boards have pins instead.</param>
public sealed record BoardDefinition(string Name, string Title, string Source, string Notes, IReadOnlyList<BoardChannel> Channels)
{
    /// <summary>The header; empty for boards that have none.</summary>
    public IReadOnlyList<BoardPin> Pins { get; init; } = [];

    public IReadOnlyList<BoardBus> Buses { get; init; } = [];

    /// <summary>Entries of <c>/proc/device-tree/compatible</c> that mean this board; empty where nothing detects it.</summary>
    public IReadOnlyList<string> Compatibles { get; init; } = [];

    /// <summary>Numbers of the carrier boards the header table is true for.</summary>
    public IReadOnlyList<string> CarrierIds { get; init; } = [];

    /// <summary>Boards are tried in this order; the first with a compatible that is there wins.</summary>
    public int MatchOrder { get; init; } = int.MaxValue;

    /// <summary>For example <c>tegra234</c>; empty where it does not matter.</summary>
    public string Soc { get; init; } = "";

    public IReadOnlyList<BoardRails> Rails { get; init; } = [];

    public BoardChannel? Find(string channel) => Channels.FirstOrDefault(c => c.Name == channel);

    public BoardPin? Pin(int number) => Pins.FirstOrDefault(p => p.Number == number);

    public BoardBus? Bus(string name) => Buses.FirstOrDefault(b => b.Name == name);

    /// <summary>The pin a line of the kernel comes out at; null when it is not on the header.</summary>
    /// <param name="line">Its name, or its offset as text.</param>
    public BoardPin? PinOf(string chipLabel, string line) => Pins.FirstOrDefault(p =>
        p.Gpio is { } gpio && gpio.ChipLabel == chipLabel
        && (gpio.LineName == line || (int.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out int offset) && offset == gpio.Offset)));

    /// <summary>The pin a PWM channel comes out at; null when it is not on the header.</summary>
    public BoardPin? PinOf(string pwmDevice, int channel) => Pins.FirstOrDefault(p => p.Pwm is { } pwm && pwm.Device == pwmDevice && pwm.Channel == channel);
}

/// <summary>One thing a site can wire a sensor or an actuator to.</summary>
/// <param name="Bus">Channels of one bus may wait for each other; different buses never do.</param>
/// <param name="Unit">The unit a sensor channel answers in; empty for outputs and where the part on it decides.</param>
/// <param name="Wiring">What the driver needs to find it, e.g. <c>chip</c> and <c>line</c>; handed to the driver as text.</param>
public sealed record BoardChannel(string Name, ChannelKind Kind, string Bus, string Unit, string Notes, IReadOnlyDictionary<string, string> Wiring);

public enum ChannelKind
{
    Sensor,
    Output,
}

public static class ChannelKindWords
{
    public static string Word(this ChannelKind kind) => kind == ChannelKind.Sensor ? "sensor" : "output";
}
