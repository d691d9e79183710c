using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Native.Linux;

namespace ClawMesh.Edge.Hardware.Buses.Spi;

/// <summary>What an errno of spidev means to the person in front of the wires.</summary>
/// <param name="root">Where the file system begins; tests give a tree of files.</param>
internal sealed class SpiFaults(string root, string device)
{
    public EdgeException OfOpen(int error)
    {
        string what = $"Could not open the SPI device {device}.";
        if (error is Errno.Eacces or Errno.Eperm)
        {
            string group = DeviceNodes.GroupOf(root, device, "spi");
            return new EdgeException(
                "spi.no_permission",
                what,
                $"This user may not use the device ({LinuxFault.Text(error)}); its group is '{group}'.",
                $"`sudo usermod -aG {group} {Environment.UserName}`, then log in again or restart the service.",
                FailureClass.Auth);
        }

        if (error is not (Errno.Enoent or Errno.Enodev or Errno.Enxio)) return Failed(what, error);
        string others = DeviceNodes.Names(root, "spidev");
        return new EdgeException(
            "spi.no_device",
            what,
            others.Length == 0 ? "There is no such device, and no other SPI device either." : $"There is no such device; this machine has {others}.",
            others.Length == 0
                ? "Turn SPI on in the board's pin set-up tool (on a Jetson: `sudo /opt/nvidia/jetson-io/jetson-io.py`), reboot, then `sudo modprobe spidev`."
                : "Name one of them in the site file: spidevB.C is bus B, chip select C.",
            FailureClass.DeviceAbsent);
    }

    public EdgeException OfTransfer(int error) => Failed($"Could not transfer on {device}.", error);

    public EdgeException OfSettings(int error, SpiSettings settings) => new(
        "spi.settings",
        $"Could not set up {device}.",
        $"The controller does not take mode {settings.Mode} with 8-bit words at up to {settings.ClockHz} Hz ({LinuxFault.Text(error)}).",
        "Connect the part to another SPI controller.",
        FailureClass.Config);

    private static EdgeException Failed(string what, int error) => new(
        "spi.failed",
        what,
        $"The kernel says: {LinuxFault.Text(error)}.",
        "`dmesg | tail` may say more; check that no overlay gives the pins to somebody else.",
        FailureClass.BusIo);
}
