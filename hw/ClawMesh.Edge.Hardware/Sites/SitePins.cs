using System.Globalization;
using ClawMesh.Edge.Hardware.Boards;
using ClawMesh.Edge.Hardware.Buses.Gpio;
using ClawMesh.Edge.Hardware.Parts;

namespace ClawMesh.Edge.Hardware.Sites;

/// <summary>Reads which lines a part hangs on: pins of the board's header, or a chip and its lines by name or offset. Remembers who took which.</summary>
internal sealed class SitePins(BoardDefinition? board)
{
    private const int MaxPwmChannel = 63;

    private readonly Dictionary<string, Taker> _takenBy = new(StringComparer.Ordinal);

    // The entry at hand: entries that say the same here may share a line; empty for those that never do.
    private string _sharing = "";

    public void ReadLines(ConfigObject item, Part part, Dictionary<string, string> wiring)
    {
        _sharing = part.SharesLine ? $"{part.Driver} {string.Join(' ', part.Keys.Select(key => wiring.GetValueOrDefault(key.Name, "-")))}" : "";
        ReadRole(item, GpioTarget.MainRole, "pin", "chip", "line", part.MinLines, part.MaxLines, required: true, part is OutputPart, wiring);
        foreach (string role in part.LineRoles)
            ReadRole(item, role, $"{role}Pin", $"{role}Chip", $"{role}Line", 1, 1, part.RequiredRoles.Contains(role), isOutput: false, wiring);
        _sharing = "";
    }

    public void ReadPwm(ConfigObject item, Dictionary<string, string> wiring)
    {
        const string allowed = "the number of a header pin with a PWM controller";
        if (item.Raw("pin") is not null)
        {
            IReadOnlyList<int> pins = Numbers(item, "pin");
            if (pins.Count == 0) return;
            if (pins.Count > 1) item.Error("pin", $"{item.PathOf("pin")} names {pins.Count} pins; an output has one PWM channel.", "Make an entry for each pin.");
            else if (board?.Pin(pins[0]) is { Pwm: { } pwm } pin)
            {
                wiring[BusKeys.PwmChip] = pwm.Device;
                wiring[BusKeys.PwmChannel] = pwm.Channel.ToString(CultureInfo.InvariantCulture);
                if (pin.Gpio is { PadRegister: { } pad }) wiring["line.pads"] = $"0x{pad:x8}";
                wiring["line.pins"] = pins[0].ToString(CultureInfo.InvariantCulture);
                // A channel has two names: by its pin, and by its controller and number.
                if (Take(item, "pin", $"pin {pins[0]}")) Take(item, "pin", $"{pwm.Device} channel {pwm.Channel}");
            }
            else if (board is not null)
            {
                int[] able = [.. board.Pins.Where(p => p.Pwm is not null).Select(p => p.Number)];
                item.Error("pin", $"{item.PathOf("pin")} is {pins[0]}; no PWM controller of board '{board.Name}' reaches it. It must be {(able.Length == 0 ? allowed : $"one of {string.Join(", ", able)}")}.", "Choose one of them, or name pwmChip and pwmChannel.");
            }

            return;
        }

        string? chip = item.Text("pwmChip", "the platform device or pwmchipN of a PWM controller");
        int? channel = item.WholeNumber("pwmChannel", 0, MaxPwmChannel);
        // Never taken for 0: that may be another load than the one meant.
        if (channel is null && item.Raw("pwmChannel") is null)
            item.Error("pwmChannel", $"{item.PathOf("pwmChannel")} is missing; it must be a whole number from 0 to {MaxPwmChannel}.", "Add the channel of the controller; `clawmesh-edge scan` shows how many it has.");
        if (chip is null || channel is not { } number) return;
        wiring[BusKeys.PwmChip] = chip;
        wiring[BusKeys.PwmChannel] = number.ToString(CultureInfo.InvariantCulture);
        Take(item, "pwmChannel", $"{chip} channel {number}");
    }

    private void ReadRole(
        ConfigObject item, string role, string pinKey, string chipKey, string lineKey, int min, int max, bool required, bool isOutput, Dictionary<string, string> wiring)
    {
        if (item.Raw(pinKey) is not null)
        {
            ReadHeaderPins(item, role, pinKey, min, max, isOutput, wiring);
            foreach (string other in new[] { chipKey, lineKey })
            {
                if (item.Raw(other) is not null) item.Error(other, $"{item.PathOf(other)} stands beside {pinKey}; the pin names its line itself.", $"Remove {other}, or {pinKey}.");
            }

            return;
        }

        if (item.Raw(chipKey) is null && item.Raw(lineKey) is null)
        {
            if (required) item.Error(pinKey, $"{item.PathOf(pinKey)} is missing, and so are {chipKey} and {lineKey}; one of the two ways must name the line.", $"Add \"{pinKey}\", or \"{chipKey}\" and \"{lineKey}\".");
            return;
        }

        string? chip = item.Text(chipKey, "the label of a GPIO chip, as `clawmesh-edge scan` shows it");
        IReadOnlyList<string> lines = Texts(item, lineKey);
        if (lines.Count < min || lines.Count > max)
            item.Error(lineKey, $"{item.PathOf(lineKey)} names {lines.Count} lines; it must name {Count(min, max)}, separated by commas.", "Name lines by the kernel's name or by offset.");
        if (chip is null) return;
        wiring[$"{role}.chip"] = chip;
        wiring[$"{role}.lines"] = string.Join(',', lines);
        foreach (string line in lines) Take(item, lineKey, $"{chip} line {line}");
    }

    private void ReadHeaderPins(ConfigObject item, string role, string pinKey, int min, int max, bool isOutput, Dictionary<string, string> wiring)
    {
        IReadOnlyList<int> numbers = Numbers(item, pinKey);
        if (numbers.Count == 0) return;
        if (numbers.Count < min || numbers.Count > max)
            item.Error(pinKey, $"{item.PathOf(pinKey)} names {numbers.Count} pins; it must name {Count(min, max)}, separated by commas.", "Write for example \"29,31\".");
        if (board is null) return;

        var pins = new List<BoardGpio>();
        foreach (int number in numbers)
        {
            if (board.Pin(number) is not { Gpio: { } gpio } pin)
            {
                string why = board.Pins.Count == 0 ? $"board '{board.Name}' has no header" : board.Pin(number) is { Function.Length: > 0 } other ? $"pin {number} of board '{board.Name}' is {other.Function}" : $"board '{board.Name}' has no such GPIO pin";
                item.Error(pinKey, $"{item.PathOf(pinKey)} is {number}; {why}.", board.Pins.Count == 0 ? "Name chip and line, as `clawmesh-edge scan` shows them." : $"`clawmesh-edge board show {board.Name}` lists the pins.");
                continue;
            }

            if (isOutput && gpio.Direction == PinDirection.InputOnly) item.Error(pinKey, $"pin {number} of board '{board.Name}' is an input only: {pin.Notes}.", "Choose another pin.");
            if (!isOutput && gpio.Direction == PinDirection.OutputOnly) item.Error(pinKey, $"pin {number} of board '{board.Name}' is an output only: {pin.Notes}.", "Choose another pin.");
            Take(item, pinKey, $"pin {number}");
            pins.Add(gpio);
        }

        if (pins.Count != numbers.Count) return;
        if (pins.Select(p => p.ChipLabel).Distinct().Count() > 1)
            item.Error(pinKey, $"{item.PathOf(pinKey)} names pins of {string.Join(" and ", pins.Select(p => p.ChipLabel).Distinct())}; lines that switch together must be on one chip.", "Choose pins of one chip.");
        wiring[$"{role}.chip"] = pins[0].ChipLabel;
        wiring[$"{role}.lines"] = string.Join(',', pins.Select(p => p.LineName.Length > 0 ? p.LineName : p.Offset.ToString(CultureInfo.InvariantCulture)));
        wiring[$"{role}.offsets"] = string.Join(',', pins.Select(p => p.Offset));
        wiring[$"{role}.pins"] = string.Join(',', numbers);
        wiring[$"{role}.pads"] = string.Join(',', pins.Select(p => p.PadRegister is { } pad ? $"0x{pad:x8}" : "-"));
    }

    // False when somebody else has it, which is then a problem of the entry.
    private bool Take(ConfigObject item, string key, string what)
    {
        if (_takenBy.TryAdd(what, new Taker(item.Path, _sharing))) return true;
        Taker first = _takenBy[what];
        if (first.Path == item.Path || (_sharing.Length > 0 && first.Sharing == _sharing)) return true;
        bool couldShare = _sharing.Length > 0 && first.Sharing.StartsWith(_sharing[..(_sharing.IndexOf(' ') + 1)], StringComparison.Ordinal);
        item.Error(
            key, $"{item.PathOf(key)} takes {what}, which {first.Path} uses already{(couldShare ? " with other keys" : "")}; a line has one user.",
            couldShare ? "Give both the same keys; then they share it." : "Choose a free one.");
        return false;
    }

    private sealed record Taker(string Path, string Sharing);

    // A number, a text, or a list with commas.
    private static IReadOnlyList<string> Texts(ConfigObject item, string key) => item.Raw(key) is { } raw
        ? [.. (raw.ValueKind == System.Text.Json.JsonValueKind.String ? raw.GetString()! : raw.GetRawText()).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)]
        : [];

    private static IReadOnlyList<int> Numbers(ConfigObject item, string key)
    {
        var numbers = new List<int>();
        IReadOnlyList<string> texts = Texts(item, key);
        if (texts.Count == 0) item.Error(key, $"{item.PathOf(key)} names no pin; it must be the number of a header pin.", "Write for example 29.");
        foreach (string text in texts)
        {
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number)) numbers.Add(number);
            else item.Error(key, $"{item.PathOf(key)} is '{text}'; it must be the number of a header pin.", "Write for example 29.");
        }

        return numbers;
    }

    private static string Count(int min, int max) => min == max ? $"{min}" : $"{min} to {max}";
}
