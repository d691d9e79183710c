using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ClawMesh.Edge.Hardware.Boards;
using ClawMesh.Edge.Hardware.Buses;
using ClawMesh.Edge.Hardware.Buses.Gpio;
using ClawMesh.Edge.Hardware.Scan;
using Spectre.Console;

namespace ClawMesh.Edge.Agent.Cli.Verbs;

/// <summary><c>scan</c>: what hangs on this machine, in the words a site file uses.</summary>
internal static class ScanVerb
{
    public static Command Build(GlobalOptions global) => Build(global, LinuxPorts.ThisMachine);

    internal static Command Build(GlobalOptions global, IHardwarePorts ports)
    {
        var bus = new Option<string[]>("--bus") { Description = "Also ask the addresses of this I2C bus, e.g. i2c-1; may be repeated.", HelpName = "BUS" };
        var board = new Option<string?>("--board") { Description = "The board whose header buses are asked; without it the one this machine is.", HelpName = "NAME" };
        var command = new Command("scan", "GPIO chips and who holds their lines, I2C addresses that answer, and every other device a site can name.") { bus, board };
        global.Report(command, (_, parsed, _) =>
        {
            BoardDefinition? named = parsed.GetValue(board) is { } name ? Node.Sites.Boards.Read(name).Board : BoardMatch.Find(ports.Root, Node.Sites.Boards).Board;
            return Task.FromResult<IReport>(new ScanReport(named?.Name ?? "", BusScan.Run(ports, named, parsed.GetValue(bus) ?? [])));
        });
        return command;
    }

    private sealed record ScanReport(string Board, ScanFindings Found) : IReport
    {
        public string Kind => "scan";

        public ReportStatus Status => Found.Gpio.Any(c => c.Problem.Length > 0) || Found.I2c.Any(a => a.Probed && a.Problem.Length > 0) ? ReportStatus.Warn : ReportStatus.Ok;

        public void WriteData(Utf8JsonWriter w)
        {
            w.WriteStartObject();
            w.WriteString("board", Board);
            w.WriteStartArray("gpio");
            foreach (ScannedChip chip in Found.Gpio) WriteChip(w, chip);
            w.WriteEndArray();
            w.WriteStartArray("i2c");
            foreach (ScannedAdapter adapter in Found.I2c) WriteAdapter(w, adapter);
            w.WriteEndArray();
            w.WriteStartArray("devices");
            foreach (ScannedDevice device in Found.Devices)
            {
                w.WriteStartObject();
                w.WriteString("kind", device.Kind);
                w.WriteString("name", device.Name);
                w.WriteString("path", device.Path);
                w.WriteString("notes", device.Notes);
                w.WriteEndObject();
            }

            w.WriteEndArray();
            w.WriteEndObject();
        }

        public void Render(IAnsiConsole console)
        {
            if (Board.Length > 0) console.WriteLine($"Board {Board}.");
            RenderGpio(console);
            RenderI2c(console);
            if (Found.Devices.Count == 0) return;
            Table table = Facts.Table("device", "kind", "path", "notes");
            foreach (ScannedDevice device in Found.Devices) table.AddRow(new Text(Facts.Plain(device.Name)), new Text(device.Kind), new Text(device.Path), new Text(device.Notes));
            console.Write(table);
        }

        private static void WriteChip(Utf8JsonWriter w, ScannedChip chip)
        {
            w.WriteStartObject();
            w.WriteString("label", chip.Chip.Label);
            w.WriteString("path", chip.Chip.Path);
            w.WriteNumber("lines", chip.Chip.LineCount);
            w.WriteString("problem", chip.Problem);
            w.WriteStartArray("named");
            foreach (GpioLine line in chip.Lines)
            {
                // Lines without a name and without a user say nothing.
                if (line.Name.Length == 0 && !line.Used) continue;
                w.WriteStartObject();
                w.WriteNumber("offset", line.Offset);
                w.WriteString("name", line.Name);
                w.WriteBoolean("used", line.Used);
                w.WriteString("consumer", line.Consumer);
                w.WriteBoolean("output", line.IsOutput);
                w.WriteEndObject();
            }

            w.WriteEndArray();
            w.WriteEndObject();
        }

        private static void WriteAdapter(Utf8JsonWriter w, ScannedAdapter adapter)
        {
            w.WriteStartObject();
            w.WriteString("device", adapter.Device);
            w.WriteString("name", adapter.Name);
            w.WriteString("boardBus", adapter.BoardBus);
            w.WriteBoolean("probed", adapter.Probed);
            w.WriteString("problem", adapter.Problem);
            w.WriteStartArray("parts");
            foreach (ScannedPart part in adapter.Parts)
            {
                w.WriteStartObject();
                w.WriteString("address", Hex(part.Address));
                w.WriteString("heldBy", part.HeldBy);
                w.WriteStartArray("couldBe");
                foreach (string driver in part.CouldBe) w.WriteStringValue(driver);
                w.WriteEndArray();
                w.WriteEndObject();
            }

            w.WriteEndArray();
            w.WriteEndObject();
        }

        private void RenderGpio(IAnsiConsole console)
        {
            if (Found.Gpio.Count == 0)
            {
                console.WriteLine("The kernel shows no GPIO chip.");
                return;
            }

            Table table = Facts.Table("gpio chip", "path", "lines", "in use");
            foreach (ScannedChip chip in Found.Gpio)
            {
                string[] used = [.. chip.Lines.Where(l => l.Used).Select(l => $"{(l.Name.Length > 0 ? l.Name : l.Offset.ToString(CultureInfo.InvariantCulture))} by {(l.Consumer.Length > 0 ? l.Consumer : "the kernel")}")];
                table.AddRow(new Text(Facts.Plain(chip.Chip.Label)), new Text(chip.Chip.Path), new Text($"{chip.Chip.LineCount}"), new Text(chip.Problem.Length > 0 ? chip.Problem : Facts.Plain(string.Join(", ", used))));
            }

            console.Write(table);
        }

        private void RenderI2c(IAnsiConsole console)
        {
            if (Found.I2c.Count == 0)
            {
                console.WriteLine("The kernel shows no I2C adapter.");
                return;
            }

            Table table = Facts.Table("i2c bus", "address", "could be", "notes");
            foreach (ScannedAdapter adapter in Found.I2c)
            {
                string bus = adapter.BoardBus.Length > 0 ? $"{Path.GetFileName(adapter.Device)} ({adapter.BoardBus})" : Path.GetFileName(adapter.Device);
                string none = adapter.Problem.Length > 0 ? adapter.Problem : adapter.Parts.Count == 0 ? "nobody answers" : "";
                if (none.Length > 0) table.AddRow(new Text(bus), new Text(""), new Text(""), new Text($"{Facts.Plain(adapter.Name)}: {none}"));
                foreach (ScannedPart part in adapter.Parts) table.AddRow(new Text(bus), new Text(Hex(part.Address)), new Text(string.Join(", ", part.CouldBe)), new Text(part.HeldBy));
            }

            console.Write(table);
        }

        private static string Hex(int address) => $"0x{address:x2}";
    }
}
