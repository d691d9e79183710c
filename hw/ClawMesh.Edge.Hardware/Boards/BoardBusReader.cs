using System.Buffers;
using System.Text.Json;
using ClawMesh.Edge.Hardware.Buses;
using ClawMesh.Edge.Hardware.Sites;

namespace ClawMesh.Edge.Hardware.Boards;

/// <summary>Reads the buses of a board file, and the current monitors that the module itself has on one of them.</summary>
internal static class BoardBusReader
{
    private const int LastAddress = 0x77;

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    public static IReadOnlyList<BoardBus> Read(ConfigObject root, IReadOnlyList<BoardPin> pins)
    {
        var buses = new List<BoardBus>();
        foreach (ConfigObject item in root.Objects("buses"))
        {
            BoardBus bus = ReadBus(item, pins);
            if (bus.Name.Length > 0 && buses.Any(b => b.Name == bus.Name))
                item.Error("name", $"{item.PathOf("name")} is '{bus.Name}', as is an earlier one.", "Give each bus a name of its own.");
            buses.Add(bus);
        }

        return buses;
    }

    public static IReadOnlyList<BoardRails> ReadRails(ConfigObject root)
    {
        var all = new List<BoardRails>();
        foreach (ConfigObject item in root.Objects("rails"))
        {
            const string allowed = "the monitor's place as the kernel writes it, e.g. 1-0040";
            string monitor = item.Text("monitor", allowed) ?? "";
            if (monitor.Length > 0 && !IsPlace(monitor)) item.Error("monitor", $"{item.PathOf("monitor")} is '{monitor}'; it must be {allowed}.", "`ls /sys/bus/i2c/devices` shows it.");
            IReadOnlyList<string>? rails = item.Texts("rails", "a list of the names of its rails");
            if (item.Raw("rails") is null || rails is { Count: 0 }) item.Error("rails", $"{item.PathOf("rails")} names no rail.", "Name them in the order of the monitor's channels.");
            string total = item.Text("total", "the rail that is the board's input", required: false) ?? "";
            if (total.Length > 0 && rails is not null && !rails.Contains(total)) item.Error("total", $"{item.PathOf("total")} is '{total}'; it must be one of {string.Join(", ", rails)}.", "Name one of its rails, or leave it out.");
            item.Done();
            all.Add(new BoardRails(monitor, rails ?? [], total));
        }

        return all;
    }

    private static BoardBus ReadBus(ConfigObject item, IReadOnlyList<BoardPin> pins)
    {
        string name = item.Text("name", "what sites call it, e.g. header-i2c") ?? "";
        string kind = item.Word("kind", required: true, BusNames.I2c, BusNames.Spi, BusNames.Serial) ?? "";
        string controller = item.Text("controller", "its platform device, e.g. c250000.i2c", required: false) ?? "";
        string device = item.Text("device", "the device node it usually has, e.g. /dev/i2c-7") ?? "";
        if (device.Length > 0 && !device.StartsWith("/dev/", StringComparison.Ordinal))
            item.Error("device", $"{item.PathOf("device")} is '{device}'; it must begin with /dev/.", "Write for example /dev/i2c-7.");
        string notes = item.Text("notes", "a text", required: false) ?? "";
        var own = new List<BoardOwnDevice>();
        foreach (ConfigObject one in item.Objects("ownDevices")) own.Add(ReadOwn(one, own));
        if (own.Count > 0 && kind is BusNames.Spi or BusNames.Serial) item.Error("ownDevices", $"{item.PathOf("ownDevices")} gives addresses on a bus of kind {kind}.", "Only I2C has addresses; remove it.");
        IReadOnlyList<int> on = ReadPins(item, pins);
        item.Done();
        return new BoardBus(name, kind, controller, device, own, notes) { Pins = on };
    }

    private static BoardOwnDevice ReadOwn(ConfigObject item, List<BoardOwnDevice> before)
    {
        const string allowed = "an I2C address from 0x03 to 0x77";
        long? address = BoardPinReader.Hex(item, "address", allowed, required: true);
        if (address is < 3 or > LastAddress) item.Error("address", $"{item.PathOf("address")} is 0x{address:x2}; it must be {allowed}.", "Read it off the schematic, or off `i2cdetect`.");
        if (before.Any(b => b.Address == address)) item.Error("address", $"{item.PathOf("address")} is given twice on one bus.", "Remove one of them.");
        string what = item.Text("what", "what sits there") ?? "";
        item.Done();
        return new BoardOwnDevice((int)Math.Clamp(address ?? 0, 0, LastAddress), what);
    }

    private static List<int> ReadPins(ConfigObject item, IReadOnlyList<BoardPin> pins)
    {
        const string allowed = "a list of numbers of pins of this board";
        var numbers = new List<int>();
        if (item.Raw("pins") is not { } list) return numbers;
        if (list.ValueKind != JsonValueKind.Array)
        {
            item.Wrong<string>("pins", list, allowed);
            return numbers;
        }

        foreach (JsonElement one in list.EnumerateArray())
        {
            if (one.ValueKind == JsonValueKind.Number && one.TryGetInt32(out int number) && pins.Any(p => p.Number == number)) numbers.Add(number);
            else item.Wrong<string>("pins", one, allowed);
        }

        return numbers;
    }

    // N-00AA: number of the bus, address in four hexadecimal digits.
    private static bool IsPlace(string text)
    {
        int dash = text.IndexOf('-', StringComparison.Ordinal);
        return dash > 0 && text.Length == dash + 5 && text.AsSpan(0, dash).IndexOfAnyExceptInRange('0', '9') < 0 && !text.AsSpan(dash + 1).ContainsAnyExcept(HexDigits);
    }
}
