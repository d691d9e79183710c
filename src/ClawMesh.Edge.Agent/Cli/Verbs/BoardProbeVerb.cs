using System.CommandLine;
using System.Text.Json;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Boards;
using ClawMesh.Edge.Hardware.Buses;
using ClawMesh.Edge.Hardware.Linux;
using Spectre.Console;

namespace ClawMesh.Edge.Agent.Cli.Verbs;

/// <summary><c>board probe-pinmux</c>: reads how the header's pads are switched, which takes root, and leaves it for the node, which has none.</summary>
internal static class BoardProbeVerb
{
    public static Command Build(GlobalOptions global)
    {
        var name = new Option<string?>("--board") { Description = "The board this machine is; without it the device tree says.", HelpName = "NAME" };
        var site = new Option<string?>("--site") { Description = "Read only the pads this site uses.", HelpName = "NAME|FILE" };
        var command = new Command("probe-pinmux", $"Read how the header's pads are switched into {PinmuxFile.PathIn("/")}; needs root.") { name, site };
        global.Report(command, (_, parsed, _) =>
        {
            RequireRoot(HostKernel.EffectiveUserId);
            string root = LinuxPorts.ThisMachine.Root;
            Site? wanted = parsed.GetValue(site) is { } file ? Node.Sites.Load(file) : null;
            BoardDefinition board = parsed.GetValue(name) is { } named ? BoardVerb.Load(named) : Detect(BoardMatch.Find(root, Node.Sites.Boards));
            return Task.FromResult<IReport>(Probe(root, board, wanted, DevMem.Open));
        });
        return command;
    }

    internal static ProbeReport Probe(string root, BoardDefinition board, Site? site, Func<IPhysicalMemory> open)
    {
        PinmuxTable table = PinmuxProbe.Read(root, board, site, open);
        PinmuxFile.Write(root, table);
        return new ProbeReport(board, PinmuxFile.PathIn(root), table);
    }

    internal static void RequireRoot(uint user)
    {
        if (user == 0) return;
        throw new EdgeException(
            "pinmux.needs_root", "Did not read the pads.", $"Registers are read through /dev/mem, which needs root; this is user {user}.",
            "Run `sudo clawmesh-edge board probe-pinmux`; the node itself then needs no more than to read the file.", FailureClass.Auth);
    }

    internal static BoardDefinition Detect(BoardFinding finding) => finding.Board ?? throw new EdgeException(
        "board.unknown", "Could not tell which board this machine is.", $"Its device tree does not say: {finding.Problem}.",
        "Name it with --board NAME, as `clawmesh-edge board list` does; no board is ever assumed.", FailureClass.Config);

    internal sealed record ProbeReport(BoardDefinition Board, string File, PinmuxTable Table) : IReport
    {
        public string Kind => "board probe-pinmux";

        public ReportStatus Status => ReportStatus.Ok;

        public void WriteData(Utf8JsonWriter writer)
        {
            writer.WriteStartObject();
            writer.WriteString("board", Table.Board);
            writer.WriteString("bootId", Table.BootId);
            writer.WriteString("file", File);
            writer.WriteStartArray("pads");
            foreach (PinmuxEntry pad in Table.Pads)
            {
                writer.WriteStartObject();
                writer.WriteNumber("pin", pad.Pin);
                writer.WriteString("register", Hex(pad.Address));
                writer.WriteString("value", Hex(pad.Register.Value));
                writer.WriteString("owner", Owner(pad.Register));
                writer.WriteBoolean("tristate", pad.Register.IsTristate);
                writer.WriteBoolean("input", pad.Register.InputEnabled);
                writer.WriteString("pull", Pull(pad.Register));
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        public void Render(IAnsiConsole console)
        {
            console.Write(Facts.Grid(("board", Table.Board), ("written to", File)));
            if (Table.Pads.Count == 0)
            {
                console.WriteLine("No pad register is known for it; there was nothing to read.");
                return;
            }

            Table table = Facts.Table("pin", "line", "group", "register", "value", "owner", "drives", "listens", "pull");
            foreach (PinmuxEntry pad in Table.Pads)
            {
                BoardGpio? gpio = Board.Pin(pad.Pin)?.Gpio;
                table.AddRow(
                    new Text($"{pad.Pin}"), new Text(gpio?.LineName ?? ""), new Text(gpio?.PinGroup ?? ""), new Text(Hex(pad.Address)), new Text(Hex(pad.Register.Value)),
                    new Text(Owner(pad.Register)), new Text(pad.Register.IsTristate ? "no" : "yes"), new Text(pad.Register.InputEnabled ? "yes" : "no"), new Text(Pull(pad.Register)));
            }

            console.Write(table);
        }

        private static string Hex(long number) => $"0x{number:x8}";

        private static string Owner(PadRegister pad) => pad.IsSfio ? "SFIO" : "GPIO";

        private static string Pull(PadRegister pad) => pad.Pull switch { PadPull.None => "none", PadPull.Down => "down", PadPull.Up => "up", _ => "reserved" };
    }
}
