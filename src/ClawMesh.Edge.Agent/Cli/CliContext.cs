using System.Buffers;
using System.Text;
using System.Text.Json;
using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Wire;
using Spectre.Console;

namespace ClawMesh.Edge.Agent.Cli;

/// <summary>What every verb is given: where to write, which state directory, which clock.</summary>
internal sealed class CliContext(bool json, string? stateDirFlag, bool verbose, TextWriter output, TextWriter error, TimeProvider time)
{
    private const int RedirectedWidth = 400;
    private const int MaxTrace = 256;

    private StateDirectory? _state;

    public bool Json => json;

    public bool Verbose => verbose;

    public TimeProvider Time => time;

    public TextWriter Output => output;

    /// <summary>Text for people; never standard output in JSON mode.</summary>
    public IAnsiConsole Console { get; } = CreateConsole(json ? error : output);

    /// <summary>Resolved on first use, so that <c>--help</c> touches nothing.</summary>
    public StateDirectory State
    {
        get
        {
            if (_state is null)
            {
                _state = StateDirectory.Resolve(stateDirFlag, Environment.GetEnvironmentVariable);
                if (verbose) error.WriteLine($"state directory: {_state.Path} ({_state.Origin})");
            }

            return _state;
        }
    }

    /// <summary>Writes a report in the form the user asked for.</summary>
    public void Write(IReport report)
    {
        if (!json)
        {
            report.Render(Console);
            return;
        }

        WriteLine(writer =>
        {
            writer.WriteString("kind", report.Kind);
            writer.WriteNumber("schema", 1);
            writer.WriteString("status", report.Status switch { ReportStatus.Ok => "ok", ReportStatus.Warn => "warn", _ => "fail" });
            writer.WritePropertyName("data");
            report.WriteData(writer);
        });
    }

    /// <summary>Writes an error: code, what, why, fix. On standard error as text, on standard output as JSON.</summary>
    public void WriteError(EdgeException fault)
    {
        if (json)
        {
            WriteLine(writer =>
            {
                writer.WriteString("kind", "error");
                writer.WriteNumber("schema", 1);
                writer.WriteString("status", "fail");
                writer.WriteStartObject("data");
                writer.WriteString("code", fault.Code);
                writer.WriteString("what", fault.What);
                writer.WriteString("why", fault.Why);
                writer.WriteString("fix", fault.Fix);
                writer.WriteString("failureClass", fault.FailureClass.Word());
                if (fault.Trace is not null) writer.WriteString("trace", fault.Trace);
                writer.WriteEndObject();
            });
            return;
        }

        error.WriteLine($"error: {fault.Code}");
        error.WriteLine($"  what: {fault.What}");
        error.WriteLine($"  why:  {fault.Why}");
        error.WriteLine($"  fix:  {fault.Fix}");
        if (fault.Trace is not null) error.WriteLine($"  trace: {PlainText.Visible(fault.Trace, MaxTrace)}");
    }

    private static IAnsiConsole CreateConsole(TextWriter writer)
    {
        bool terminal = !System.Console.IsOutputRedirected;
        bool ansi = terminal && TerminalType.TakesAnsi(Environment.GetEnvironmentVariable("TERM"));
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = ansi ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = terminal ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
        });

        console.Profile.Capabilities.Legacy = terminal && !ansi;

        // A pipe or a file has no width; lines that break at 80 columns could not be searched.
        if (!terminal) console.Profile.Width = RedirectedWidth;
        return console;
    }

    private void WriteLine(Action<Utf8JsonWriter> members)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer, JsonText.Relaxed))
        {
            writer.WriteStartObject();
            members(writer);
            writer.WriteEndObject();
        }

        output.WriteLine(Encoding.UTF8.GetString(buffer.WrittenSpan));
        output.Flush();
    }
}

/// <summary>JSON as people read it in a terminal: <c>°C</c> stays <c>°C</c>. The output is never HTML.</summary>
internal static class JsonText
{
    public static readonly JsonWriterOptions Relaxed = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static readonly JsonWriterOptions RelaxedIndented = new()
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Indented = true,
    };
}
