using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Agent.Diag;

/// <summary>The buses the kernel offers and whether this user may open them. Permission is asked, nothing is opened: opening a serial port would pull its control lines.</summary>
internal static class BusChecks
{
    public static CheckOutcome Gpio(DiagHost host) =>
        Devices(host, "GPIO chip", "the kernel shows no GPIO chip (/dev/gpiochip*)", [.. DiagText.Entries(host.At("dev"), "gpiochip")]);

    public static CheckOutcome I2c(DiagHost host)
    {
        IReadOnlyList<string> devices = DiagText.Entries(host.At("dev"), "i2c-");
        return Devices(host, "I2C adapter", "the kernel shows no I2C adapter (/dev/i2c-*; the module i2c-dev makes them)", devices)
            .Because(devices.Select(d => $"{Path.GetFileName(d)}: {DiagText.Read(host.At($"sys/class/i2c-dev/{Path.GetFileName(d)}/name")) ?? "unnamed"}"));
    }

    public static CheckOutcome Spi(DiagHost host) =>
        Devices(host, "SPI device", "the kernel shows no SPI device (/dev/spidev*)", DiagText.Entries(host.At("dev"), "spidev"));

    public static CheckOutcome OneWire(DiagHost host)
    {
        IReadOnlyList<string> entries = DiagText.Entries(host.At("sys/bus/w1/devices"), "");
        string[] masters = [.. entries.Where(e => Path.GetFileName(e).StartsWith("w1_bus_master", StringComparison.Ordinal))];
        string[] parts = [.. entries.Except(masters).Select(e => Path.GetFileName(e))];
        if (masters.Length == 0) return CheckOutcome.Skip("the kernel shows no 1-wire master (/sys/bus/w1)");
        return CheckOutcome.Pass($"{DiagText.Count(masters.Length, "master")}, {DiagText.Count(parts.Length, "part")}").Because(parts)
            .With("masters", masters.Length).With("parts", parts.Length);
    }

    public static CheckOutcome Pwm(DiagHost host)
    {
        IReadOnlyList<string> chips = DiagText.Entries(host.At("sys/class/pwm"), "pwmchip");
        if (chips.Count == 0) return CheckOutcome.Skip("the kernel shows no PWM chip (/sys/class/pwm)");
        long channels = chips.Sum(c => DiagText.ReadNumber(Path.Combine(c, "npwm")) ?? 0);
        return CheckOutcome.Pass($"{DiagText.Count(chips.Count, "chip")}, {DiagText.Count((int)channels, "channel")}")
            .Because(chips.Select(c => $"{Path.GetFileName(c)}: {DiagText.ReadNumber(Path.Combine(c, "npwm")) ?? 0}"))
            .With("chips", chips.Count).With("channels", channels);
    }

    public static CheckOutcome Serial(DiagHost host)
    {
        string dev = host.At("dev");
        string[] ports = [.. DiagText.Entries(dev, "ttyTHS"), .. DiagText.Entries(dev, "ttyUSB"), .. DiagText.Entries(dev, "ttyACM")];
        int legacy = DiagText.Entries(dev, "ttyS").Count;
        if (ports.Length + legacy == 0) return CheckOutcome.Skip("the kernel shows no serial port (/dev/ttyTHS*, ttyUSB*, ttyACM*, ttyS*)");

        // A PC shows up to 32 ttyS whether or not there is a socket for them; they say nothing about a cable.
        CheckOutcome outcome = ports.Length == 0 ? CheckOutcome.Pass($"no USB or Tegra port, {legacy} ttyS") : Devices(host, "serial port", "", ports);
        return outcome.With("ttyS", legacy);
    }

    private static CheckOutcome Devices(DiagHost host, string noun, string absent, IReadOnlyList<string> devices)
    {
        if (devices.Count == 0) return CheckOutcome.Skip(absent);
        string[] closed = [.. devices.Where(d => !(PathAccess.MayRead(d) && PathAccess.MayWrite(d)))];
        CheckOutcome outcome = closed.Length == 0
            ? CheckOutcome.Pass($"{DiagText.Count(devices.Count, noun)}, open to this user")
            : CheckOutcome.Warn(FailureClass.Auth, $"{DiagText.Count(devices.Count, noun)}, {closed.Length} closed to this user", JoinGroup(host, closed[0]))
                .Because($"may not be opened: {string.Join(", ", closed.Select(d => Path.GetFileName(d)))}");
        return outcome.With("count", devices.Count).With("closed", closed.Length);
    }

    private static string JoinGroup(DiagHost host, string device)
    {
        string? group = PathAccess.OwnerOf(device) is { GroupId: not 0 } owner ? new UnixUsers(host.Root).GroupNameOf(owner.GroupId) : null;
        string user = new UnixUsers(host.Root).NameOf(HostKernel.EffectiveUserId) ?? "USER";
        return group is null
            ? $"Only root may open '{device}': give it a group with a udev rule, and the node's user that group; or run diag as the node's user."
            : $"`sudo usermod -aG {group} {user}`, then log in again; or run diag as the node's user.";
    }
}
