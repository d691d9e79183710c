using System.Text.Json;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Boards;
using Spectre.Console;

namespace ClawMesh.Edge.Agent.Cli.Verbs;

/// <summary>The answer of <c>board show</c>.</summary>
internal sealed record BoardShowReport(BoardDefinition Board, string Origin, IReadOnlyList<ConfigProblem> Problems) : IReport
{
    public string Kind => "board show";

    public ReportStatus Status => ProblemList.StatusOf(Problems);

    public void WriteData(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("name", Board.Name);
        writer.WriteString("title", Board.Title);
        writer.WriteString("source", Board.Source);
        writer.WriteString("notes", Board.Notes);
        writer.WriteString("soc", Board.Soc);
        writer.WriteString("origin", Origin);
        writer.WriteStartArray("channels");
        foreach (BoardChannel channel in Board.Channels) Write(writer, channel);
        writer.WriteEndArray();
        writer.WriteStartArray("pins");
        foreach (BoardPin pin in Board.Pins) Write(writer, pin);
        writer.WriteEndArray();
        writer.WriteStartArray("buses");
        foreach (BoardBus bus in Board.Buses) Write(writer, bus);
        writer.WriteEndArray();
        ProblemList.Write(writer, Problems);
        writer.WriteEndObject();
    }

    public void Render(IAnsiConsole console)
    {
        console.Write(Facts.Grid(("board", Board.Name), ("title", Board.Title), ("source", Board.Source), ("notes", Board.Notes), ("soc", Board.Soc), ("origin", Origin)));
        if (Board.Channels.Count > 0)
        {
            Table table = Facts.Table("channel", "kind", "bus", "unit", "wiring", "notes");
            foreach (BoardChannel channel in Board.Channels)
            {
                table.AddRow(
                    new Text(channel.Name), new Text(channel.Kind.Word()), new Text(channel.Bus), new Text(channel.Unit),
                    new Text(string.Join(' ', channel.Wiring.Select(w => $"{w.Key}={w.Value}"))), new Text(channel.Notes));
            }

            console.Write(table);
        }

        if (Board.Pins.Count > 0)
        {
            Table table = Facts.Table("pin", "function", "chip", "line", "offset", "pwm", "notes");
            foreach (BoardPin pin in Board.Pins)
            {
                table.AddRow(
                    new Text($"{pin.Number}"), new Text(pin.Function), new Text(pin.Gpio?.ChipLabel ?? ""), new Text(pin.Gpio?.LineName ?? ""), new Text(pin.Gpio is { } gpio ? $"{gpio.Offset}" : ""),
                    new Text(pin.Pwm is { } pwm ? $"{pwm.Device} channel {pwm.Channel}" : ""), new Text(Notes(pin)));
            }

            console.Write(table);
        }

        if (Board.Buses.Count > 0)
        {
            Table table = Facts.Table("bus", "kind", "node", "pins", "has already", "notes");
            foreach (BoardBus bus in Board.Buses)
            {
                table.AddRow(
                    new Text(bus.Name), new Text(bus.Kind), new Text(bus.Device), new Text(string.Join(", ", bus.Pins)),
                    new Text(string.Join(", ", bus.OwnDevices.Select(o => $"0x{o.Address:x2} {o.What}"))), new Text(bus.Notes));
            }

            console.Write(table);
        }

        ProblemList.Render(console, Problems);
    }

    private static string Notes(BoardPin pin) => pin.Gpio?.Direction switch
    {
        PinDirection.InputOnly => $"input only {pin.Notes}",
        PinDirection.OutputOnly => $"output only {pin.Notes}",
        _ => pin.Notes,
    };

    private static void Write(Utf8JsonWriter writer, BoardChannel channel)
    {
        writer.WriteStartObject();
        writer.WriteString("name", channel.Name);
        writer.WriteString("kind", channel.Kind.Word());
        writer.WriteString("bus", channel.Bus);
        writer.WriteString("unit", channel.Unit);
        writer.WriteString("notes", channel.Notes);
        writer.WriteStartObject("wiring");
        foreach ((string name, string value) in channel.Wiring) writer.WriteString(name, value);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, BoardPin pin)
    {
        writer.WriteStartObject();
        writer.WriteNumber("pin", pin.Number);
        writer.WriteString("function", pin.Function);
        if (pin.Gpio is { } gpio)
        {
            writer.WriteStartObject("gpio");
            writer.WriteString("chip", gpio.ChipLabel);
            writer.WriteString("line", gpio.LineName);
            writer.WriteNumber("offset", gpio.Offset);
            if (gpio.PadRegister is { } pad) writer.WriteString("pad", $"0x{pad:x8}");
            if (gpio.PinGroup.Length > 0) writer.WriteString("group", gpio.PinGroup);
            writer.WriteEndObject();
        }

        if (pin.Pwm is { } pwm)
        {
            writer.WriteStartObject("pwm");
            writer.WriteString("device", pwm.Device);
            writer.WriteNumber("channel", pwm.Channel);
            writer.WriteString("name", pwm.Name);
            writer.WriteEndObject();
        }

        writer.WriteString("notes", Notes(pin));
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, BoardBus bus)
    {
        writer.WriteStartObject();
        writer.WriteString("name", bus.Name);
        writer.WriteString("kind", bus.Kind);
        writer.WriteString("controller", bus.Controller);
        writer.WriteString("device", bus.Device);
        writer.WriteStartArray("ownDevices");
        foreach (BoardOwnDevice own in bus.OwnDevices)
        {
            writer.WriteStartObject();
            writer.WriteString("address", $"0x{own.Address:x2}");
            writer.WriteString("what", own.What);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteString("notes", bus.Notes);
        writer.WriteEndObject();
    }
}
