using System.Globalization;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Native.Linux;

namespace ClawMesh.Edge.Hardware.Buses.I2c;

/// <summary>What an errno of an adapter means to the person in front of the wires (Documentation/i2c/fault-codes.rst).</summary>
/// <param name="root">Where the file system begins; tests give a tree of files.</param>
internal sealed class I2cFaults(string root, string device)
{
    /// <summary>A transfer failed.</summary>
    /// <param name="doing">read, write or reach.</param>
    public EdgeException Of(int error, int address, string doing)
    {
        string what = $"Could not {doing} 0x{address:x2} on {device}.";
        switch (error)
        {
            // An adapter that was unplugged answers ENODEV too.
            case Errno.Enodev when !DeviceNodes.Exists(root, device):
                return OfOpen(Errno.Enoent);
            case Errno.Enxio or Errno.Enodev or Errno.Eremoteio:
                return new EdgeException(
                    "i2c.no_answer",
                    what,
                    $"Nobody acknowledged the address ({LinuxFault.Text(error)}).",
                    "Check the part's supply, SDA and SCL, and its address pins; `clawmesh-edge scan` shows which addresses answer.",
                    FailureClass.DeviceAbsent);
            case Errno.Etimedout or Errno.Ewouldblock or Errno.Ebusy:
                return new EdgeException(
                    "i2c.bus_stuck",
                    what,
                    $"The bus did not become free ({LinuxFault.Text(error)}): a line is held low, or another master is talking.",
                    "Measure SDA and SCL: both must rest at the supply voltage. If one is low, unplug the parts one by one until it rises; also check for missing pull-up resistors.",
                    FailureClass.BusIo);
            case Errno.Eopnotsupp:
                return new EdgeException(
                    "i2c.unsupported",
                    what,
                    $"The adapter cannot make this kind of transfer ({LinuxFault.Text(error)}).",
                    "Connect the part to another I2C bus; `i2cdetect -F N` lists what an adapter can do.",
                    FailureClass.Config);
            case Errno.Eperm or Errno.Eacces:
                return NoPermission(what, error);
            default:
                return new EdgeException(
                    "i2c.failed",
                    what,
                    $"The kernel says: {LinuxFault.Text(error)}.",
                    "Long or unshielded wires and weak pull-ups cause this; try a lower bus clock. `dmesg | tail` may say more.",
                    FailureClass.BusIo);
        }
    }

    /// <summary>I2C_SLAVE answered EBUSY: a kernel driver is bound to the address.</summary>
    public EdgeException OfBusyAddress(int address)
    {
        string client = $"{BusNumber}-{address:x4}";
        string link = Path.Combine(root, "sys/bus/i2c/devices", client, "driver");
        string? driver = Directory.Exists(link) ? Path.GetFileName(Directory.ResolveLinkTarget(link, returnFinalTarget: true)?.FullName) : null;
        return new EdgeException(
            "i2c.address_busy",
            $"Could not use 0x{address:x2} on {device}.",
            $"The kernel's driver {(driver is null ? "for a part there" : $"'{driver}'")} holds the address.",
            driver is null
                ? $"See /sys/bus/i2c/devices/{client}; a part of the board itself keeps its address: give yours another one, or another bus."
                : $"If it is a part of the board itself, give yours another address or bus. If it is yours, let the kernel go of it: `echo {client} | sudo tee /sys/bus/i2c/drivers/{driver}/unbind`.",
            FailureClass.Config);
    }

    /// <summary>The device node could not be opened.</summary>
    public EdgeException OfOpen(int error)
    {
        string what = $"Could not open the I2C bus {device}.";
        if (error is Errno.Eacces or Errno.Eperm) return NoPermission(what, error);
        if (error is not (Errno.Enoent or Errno.Enodev or Errno.Enxio))
            return new EdgeException("i2c.failed", what, $"The kernel says: {LinuxFault.Text(error)}.", "Is it an I2C adapter? `clawmesh-edge scan` lists them.", FailureClass.BusIo);

        string others = DeviceNodes.Names(root, "i2c-");
        return new EdgeException(
            "i2c.no_adapter",
            what,
            others.Length == 0 ? "There is no such device, and no other I2C bus either." : $"There is no such device; this machine has {others}.",
            others.Length == 0
                ? "Load the kernel's module: `sudo modprobe i2c-dev`, and put i2c-dev into /etc/modules-load.d to keep it."
                : "Name one of them in the site file; `clawmesh-edge scan` shows what is on each. A bus may also be off in the device tree: see the board's pin set-up tool.",
            FailureClass.DeviceAbsent);
    }

    private EdgeException NoPermission(string what, int error)
    {
        string group = DeviceNodes.GroupOf(root, device, "i2c");
        return new EdgeException(
            "i2c.no_permission",
            what,
            $"This user may not use the device ({LinuxFault.Text(error)}); its group is '{group}'.",
            $"`sudo usermod -aG {group} {Environment.UserName}`, then log in again or restart the service.",
            FailureClass.Auth);
    }

    private string BusNumber => device.LastIndexOf('-') is var dash and >= 0 && int.TryParse(device.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int number)
        ? number.ToString(CultureInfo.InvariantCulture)
        : "?";
}
