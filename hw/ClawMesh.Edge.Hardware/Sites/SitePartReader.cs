using System.Globalization;
using System.Text.Json;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Boards;
using ClawMesh.Edge.Hardware.Parts;

namespace ClawMesh.Edge.Hardware.Sites;

/// <summary>Reads what a real part needs to be found: the keys of its bus and its own, checked, and its pins looked up in the board.</summary>
internal sealed class SitePartReader(BoardDefinition? board)
{
    private readonly SitePins _pins = new(board);
    private readonly SiteChips _chips = new(board);
    private readonly Dictionary<string, (string Settings, string Path)> _ports = new(StringComparer.Ordinal);

    /// <summary>The wiring and the lane of one part. Values that are wrong are problems and left out.</summary>
    public (string Bus, Dictionary<string, string> Wiring) Read(ConfigObject item, Part part)
    {
        var wiring = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (PartKey key in BusKeys.Of(part.Bus)) ReadKey(item, key, wiring);
        if (part.Bus == PartBus.I2c)
        {
            ReadKey(item, new PartKey(PartWiring.AddressKey, PartKeyKind.Address, "its I2C address") { Words = part.Addresses, Default = part.Addresses.Count > 0 ? part.Addresses[0] : null }, wiring);
        }

        foreach (PartKey key in part.Keys) ReadKey(item, key, wiring);
        if (part.Bus == PartBus.Gpio) _pins.ReadLines(item, part, wiring);
        if (part.Bus == PartBus.Pwm) _pins.ReadPwm(item, wiring);
        if (part.Bus == PartBus.Serial) CheckPort(item, wiring);
        if (part.Bus == PartBus.I2c) _chips.Check(item, part, wiring);
        string bus = LaneOf(part, wiring);
        wiring[SiteDrivers.BusKey] = part.Bus == PartBus.I2c ? wiring.GetValueOrDefault(BusKeys.Bus, bus) : bus;
        return (bus, wiring);
    }

    /// <summary>Parts of one lane may wait for each other.</summary>
    private static string LaneOf(Part part, Dictionary<string, string> wiring) => part.Bus switch
    {
        PartBus.Gpio => $"gpio:{wiring.GetValueOrDefault("line.chip", "")}",
        PartBus.I2c => wiring.GetValueOrDefault(BusKeys.Bus, ""),
        PartBus.Spi => wiring.GetValueOrDefault(BusKeys.Device, ""),
        PartBus.Serial => wiring.GetValueOrDefault(BusKeys.Port, ""),
        PartBus.OneWire => "1-wire",
        PartBus.Pwm => $"pwm:{wiring.GetValueOrDefault(BusKeys.PwmChip, "")}",
        _ => $"{part.Driver}:{(part.Keys.Count > 0 ? wiring.GetValueOrDefault(part.Keys[0].Name, "") : "")}",
    };

    private static void ReadKey(ConfigObject item, PartKey key, Dictionary<string, string> wiring)
    {
        if (ReadValue(item, key) is { } value) wiring[key.Name] = value;
        else if (key.Default is { } preset && item.Raw(key.Name) is null) wiring[key.Name] = preset;
    }

    private static string? ReadValue(ConfigObject item, PartKey key)
    {
        switch (key.Kind)
        {
            case PartKeyKind.Word:
                // 9600 is as good as "9600".
                if (item.Raw(key.Name) is { ValueKind: JsonValueKind.Number } number && key.Words.Contains(number.GetRawText())) return number.GetRawText();
                return item.Word(key.Name, key.Required, [.. key.Words]);
            case PartKeyKind.Whole:
                if (item.Raw(key.Name) is null && key.Required) item.Error(key.Name, $"{item.PathOf(key.Name)} is missing; it must be a whole number from {key.Min} to {key.Max}.", $"Add \"{key.Name}\": {key.Means}.");
                return item.WholeNumber(key.Name, (int)key.Min, (int)key.Max)?.ToString(CultureInfo.InvariantCulture);
            case PartKeyKind.Number:
                if (item.Number(key.Name, $"a number from {key.Min} to {key.Max}: {key.Means}", key.Required) is not { } real) return null;
                if (real < key.Min || real > key.Max) item.Error(key.Name, $"{item.PathOf(key.Name)} is {real}; it must be from {key.Min} to {key.Max}.", $"It is {key.Means}.");
                return real.ToString("R", CultureInfo.InvariantCulture);
            case PartKeyKind.Flag:
                return item.Flag(key.Name, key.Required) is { } flag ? (flag ? "true" : "false") : null;
            case PartKeyKind.Duration:
                return item.Duration(key.Name, TimeSpan.FromSeconds(double.IsFinite(key.Max) ? key.Max : 86_400), key.Required) is { } span ? DurationText.Format(span) : null;
            case PartKeyKind.Address:
                return ReadAddress(item, key);
            default:
                return item.Text(key.Name, key.Means, key.Required);
        }
    }

    private static string? ReadAddress(ConfigObject item, PartKey key)
    {
        string allowed = key.Words.Count > 0 ? $"one of {string.Join(", ", key.Words)}" : "an address from 0x08 to 0x77";
        if (item.Text(key.Name, allowed, key.Required) is not { } text) return null;
        if (PartWiring.ParseAddress(text) is { } address)
        {
            string normal = $"0x{address:x2}";
            if (key.Words.Count == 0 || key.Words.Contains(normal)) return normal;
        }

        item.Error(key.Name, $"{item.PathOf(key.Name)} is '{text}'; it must be {allowed}.", "Read it off the part's address pins; `clawmesh-edge scan` shows who answers.");
        return null;
    }

    private void CheckPort(ConfigObject item, Dictionary<string, string> wiring)
    {
        string port = wiring.GetValueOrDefault(BusKeys.Port, "");
        string settings = $"{wiring.GetValueOrDefault(BusKeys.Baud)} {wiring.GetValueOrDefault(BusKeys.Parity)} {wiring.GetValueOrDefault(BusKeys.StopBits)}";
        if (_ports.TryGetValue(port, out (string Settings, string Path) first) && first.Settings != settings)
            item.Error(BusKeys.Baud, $"{item.Path} uses {port} with {settings}, {first.Path} with {first.Settings}; a line has one speed.", "Give all parts of one port the same baud, parity and stopBits.");
        else _ports.TryAdd(port, (settings, item.Path));
    }
}
