using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Buses;
using ClawMesh.Edge.Hardware.Parts;

namespace ClawMesh.Edge.Hardware.Boards;

/// <summary>One part of a site on an I2C, SPI or serial bus.</summary>
internal sealed class WiredBus
{
    public required string Ref { get; init; }

    public required string Driver { get; init; }

    public required bool IsOutput { get; init; }

    public required string Kind { get; init; }

    /// <summary>As the site names the bus.</summary>
    public required string Name { get; init; }

    /// <summary>The device node that is, so that two names of one bus are seen as one.</summary>
    public required string Device { get; init; }

    /// <summary>I2C address or Modbus station as the site reader writes it; empty for SPI.</summary>
    public required string Address { get; init; }

    public required IReadOnlyDictionary<string, string> Wiring { get; init; }

    /// <summary>Of a serial line.</summary>
    public string Settings => $"{Wiring.GetValueOrDefault(BusKeys.Baud)} {Wiring.GetValueOrDefault(BusKeys.Parity)} {Wiring.GetValueOrDefault(BusKeys.StopBits)}";

    public string AddressText => Kind == BusNames.Serial ? $"station {Address}" : $"address {Address}";

    /// <param name="root">Where the file system begins, to find buses by their controllers; null takes the numbers of the board file.</param>
    public static List<WiredBus> Of(Site site, BoardDefinition board, string? root)
    {
        var buses = new List<WiredBus>();
        foreach (SensorBinding sensor in site.Sensors) Add(buses, sensor.Info.Id.Value, sensor.Driver, isOutput: false, sensor.Wiring, board, root);
        foreach (ActuatorBinding actuator in site.Actuators) Add(buses, actuator.Policy.Actuator.Value, actuator.Driver, isOutput: true, actuator.Wiring, board, root);
        return buses;
    }

    public bool Is(BoardBus bus, BoardDefinition board, string? root) => bus.Kind == Kind && DeviceOf(board, bus.Name, Kind, root) == Device;

    public bool SameWiring(WiredBus other)
    {
        if (Wiring.Count != other.Wiring.Count) return false;
        foreach ((string key, string value) in Wiring)
        {
            if (other.Wiring.GetValueOrDefault(key) != value) return false;
        }

        return true;
    }

    private static void Add(List<WiredBus> buses, string reference, string driver, bool isOutput, IReadOnlyDictionary<string, string> wiring, BoardDefinition board, string? root)
    {
        string kind, name, address = "";
        if (wiring.TryGetValue(PartWiring.AddressKey, out string? at)) (kind, name, address) = (BusNames.I2c, wiring.GetValueOrDefault(BusKeys.Bus, ""), at);
        else if (wiring.TryGetValue(BusKeys.Port, out string? port)) (kind, name, address) = (BusNames.Serial, port, wiring.GetValueOrDefault(BusKeys.Station, ""));
        else if (wiring.TryGetValue(BusKeys.Device, out string? device) && (PartCatalog.Find(driver)?.Bus == PartBus.Spi || board.Bus(device)?.Kind == BusNames.Spi)) (kind, name) = (BusNames.Spi, device);
        else return;
        buses.Add(new WiredBus { Ref = reference, Driver = driver, IsOutput = isOutput, Kind = kind, Name = name, Device = DeviceOf(board, name, kind, root), Address = address, Wiring = wiring });
    }

    private static string DeviceOf(BoardDefinition board, string name, string kind, string? root) =>
        root is not null ? BusNames.Device(root, board, name, kind)
        : board.Bus(name) is { } bus && bus.Kind == kind ? bus.Device
        : name.StartsWith('/') ? name : $"/dev/{name}";
}
