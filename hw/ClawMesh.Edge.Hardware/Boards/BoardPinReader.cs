using System.Globalization;
using ClawMesh.Edge.Hardware.Sites;

namespace ClawMesh.Edge.Hardware.Boards;

/// <summary>Reads the header of a board file. A pin has one number, a line and a PWM channel come out at one pin.</summary>
/// <param name="soc">Pads are known for some only (<see cref="PadRegister.IsPad"/>).</param>
internal sealed class BoardPinReader(string soc)
{
    private const int LastPin = 400;
    private const int LastOffset = 4095;
    private const string InputWord = "input";
    private const string OutputWord = "output";

    private static readonly string[] Supplies = ["GND", "1V8", "3V3", "5V", "12V", "VIN"];

    private readonly Dictionary<string, string> _taken = new(StringComparer.Ordinal);

    public List<BoardPin> Read(ConfigObject root)
    {
        var pins = new List<BoardPin>();
        foreach (ConfigObject item in root.Objects("pins")) pins.Add(ReadPin(item));
        return pins;
    }

    /// <summary>A whole number that must be there.</summary>
    internal static int Required(ConfigObject item, string key, int max)
    {
        if (item.Raw(key) is null) item.Error(key, $"{item.PathOf(key)} is missing; it must be a whole number from 0 to {max}.", $"Add \"{key}\".");
        return item.WholeNumber(key, 0, max) ?? 0;
    }

    /// <summary>A hexadecimal number such as <c>0x40</c>; null with a problem when it is none.</summary>
    internal static long? Hex(ConfigObject item, string key, string allowed, bool required)
    {
        if (item.Text(key, allowed, required) is not { } text) return null;
        if (text.StartsWith("0x", StringComparison.Ordinal) && long.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long value) && value >= 0)
            return value;
        item.Error(key, $"{item.PathOf(key)} is '{text}'; it must be {allowed}.", "Write it in hexadecimal, with 0x in front.");
        return null;
    }

    private BoardPin ReadPin(ConfigObject item)
    {
        int number = Required(item, "pin", LastPin);
        Take(item, "pin", $"pin {number}", "Each pin has one entry.");
        string function = item.Text("function", "3V3, 5V, GND or the name of its bus function", required: false) ?? "";
        BoardGpio? gpio = item.Object("gpio") is { } line ? ReadGpio(line) : null;
        BoardPwm? pwm = item.Object("pwm") is { } channel ? ReadPwm(channel) : null;
        string notes = item.Text("notes", "a text", required: false) ?? "";
        if (Supplies.Contains(function) && (gpio is not null || pwm is not null))
            item.Error(gpio is not null ? "gpio" : "pwm", $"{item.Path} is {function}, a supply; it cannot be a GPIO or carry PWM.", "Correct the function, or remove the other.");
        if (function.Length == 0 && gpio is null && pwm is null)
            item.Error("function", $"{item.Path} says of pin {number} neither function nor gpio nor pwm.", "Say what it is, or leave it out.");
        item.Done();
        return new BoardPin(number, function, gpio, pwm, notes);
    }

    private BoardGpio ReadGpio(ConfigObject item)
    {
        string chip = item.Text("chip", "the label of a GPIO chip, as the kernel gives it") ?? "";
        string line = item.Text("line", "the kernel's name of the line", required: false) ?? "";
        int offset = Required(item, "offset", LastOffset);
        string? direction = item.Word("direction", required: false, InputWord, OutputWord);
        long? pad = Hex(item, "pad", "the address of a PADCTL register", required: false);
        string group = item.Text("group", "the pin's name in nvidia,pins", required: false) ?? "";
        if (line.Length > 0) Take(item, "line", $"line {line} of chip {chip}", "A line comes out at one pin.");
        Take(item, "offset", $"offset {offset} of chip {chip}", "A line comes out at one pin.");
        if (pad is { } address && !PadRegister.IsPad(soc, address))
        {
            // Read by root, whatever lies there.
            item.Error("pad", $"{item.PathOf("pad")} is 0x{address:x8}, which is no PADCTL register of {(soc.Length > 0 ? $"'{soc}'" : "a board without soc")}.", $"Correct it, or leave it out; they are known for {PadRegister.Soc} only.");
            pad = null;
        }

        item.Done();
        return new BoardGpio(
            chip, line, offset, direction switch { InputWord => PinDirection.InputOnly, OutputWord => PinDirection.OutputOnly, _ => PinDirection.Both }, pad, group);
    }

    private BoardPwm ReadPwm(ConfigObject item)
    {
        string device = item.Text("device", "the platform device of a PWM controller, e.g. 3280000.pwm") ?? "";
        int channel = Required(item, "channel", 63);
        string name = item.Text("name", "the controller's name in the module's manual", required: false) ?? "";
        Take(item, "channel", $"channel {channel} of {device}", "A PWM channel comes out at one pin.");
        item.Done();
        return new BoardPwm(device, channel, name);
    }

    private void Take(ConfigObject item, string key, string what, string fix)
    {
        if (!_taken.TryAdd(what, item.Path)) item.Error(key, $"{item.PathOf(key)} is {what}, as in {_taken[what]}.", fix);
    }
}
