using ClawMesh.Edge.Core.Readings;

namespace ClawMesh.Edge.Hardware.Host;

/// <summary>What host sensors measure. <c>temp</c> is the wire's own word ([W-84]); the others follow its style.</summary>
internal static class HostQuantities
{
    internal static readonly Quantity Temperature = new("temp", "°C");
    internal static readonly Quantity Voltage = new("voltage", "V");
    internal static readonly Quantity Current = new("current", "A");
    internal static readonly Quantity Power = new("power", "W");
    internal static readonly Quantity FanSpeed = new("fan-speed", "RPM");
    internal static readonly Quantity MemoryAvailable = new("mem-available", "%");
    internal static readonly Quantity MemoryAvailableBytes = new("mem-available-bytes", "B");
    internal static readonly Quantity CpuUse = new("cpu-use", "%");
    internal static readonly Quantity Load = new("load-1m", "");
    internal static readonly Quantity DiskFree = new("disk-free", "%");
    internal static readonly Quantity ReceiveRate = new("net-rx", "B/s");
    internal static readonly Quantity TransmitRate = new("net-tx", "B/s");
    internal static readonly Quantity CpuPressure = new("cpu-pressure", "%");
    internal static readonly Quantity MemoryPressure = new("mem-pressure", "%");
    internal static readonly Quantity IoPressure = new("io-pressure", "%");
    internal static readonly Quantity Uptime = new("uptime", "s");
    internal static readonly Quantity GpuUse = new("gpu-use", "%");
    internal static readonly Quantity Clock = new("clock", "MHz");
    internal static readonly Quantity MemoryBusUse = new("mem-bus-use", "%");
    internal static readonly Quantity FanDuty = new("fan-duty", "%");

    /// <summary>How many parts of the machine are held back against heat.</summary>
    internal static readonly Quantity Throttling = new("throttling", "");

    /// <summary>How often the supply made the machine slow down, since its start.</summary>
    internal static readonly Quantity SupplyEvents = new("oc-events", "");
    internal static readonly Quantity PowerMode = new("power-mode", "");
    internal static readonly Quantity SwapUse = new("swap-use", "%");
    internal static readonly Quantity CompressedSwap = new("zram", "B");

    /// <summary>How much of its rated life a flash memory has used, at most.</summary>
    internal static readonly Quantity FlashWear = new("flash-wear", "%");
}
