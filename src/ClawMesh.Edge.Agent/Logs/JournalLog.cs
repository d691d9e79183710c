using System.Globalization;
using System.Text;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Agent.Logs;

/// <summary>
/// Events as entries of systemd's journal, with fields to search by: <c>journalctl CLAWMESH_TRACE=…</c>. Where the journal takes none,
/// a line with its priority in front (sd-daemon(3)) goes to standard output, which journald or whoever reads it understands as well.
/// </summary>
internal sealed class JournalLog(JournalSocket socket, TextWriter fallback)
{
    public const string Identifier = "clawmesh-edge";

    // Long values are cut, and few of them are taken: an entry is one datagram.
    private const int MaxValue = 8 * 1024;
    private const int MaxData = 8;

    public async Task WriteAsync(EdgeEvent e)
    {
        if (socket.TrySend(Entry(e))) return;
        await fallback.WriteLineAsync(Line(e));
        await fallback.FlushAsync();
    }

    internal static byte[] Entry(EdgeEvent e)
    {
        using var entry = new MemoryStream(512);
        Field("MESSAGE", e.Message);
        Field("PRIORITY", Priority(e.Severity));
        Field("SYSLOG_IDENTIFIER", Identifier);
        Field("CLAWMESH_EVENT", e.Type);
        Field("CLAWMESH_SUBJECT", e.Subject);
        Field("CLAWMESH_SEQUENCE", e.Sequence.ToString(CultureInfo.InvariantCulture));
        if (e.FailureClass is { } failure) Field("CLAWMESH_FAILURE_CLASS", failure.Word());
        if (e.Trace is not null) Field("CLAWMESH_TRACE", e.Trace);
        int taken = 0;
        if (e.Data is { } data)
        {
            foreach ((string key, string value) in data)
            {
                if (taken++ < MaxData) Field(Name(key), value);
            }
        }

        return entry.ToArray();

        void Field(string name, string value) => JournalSocket.Field(entry, name, value.Length <= MaxValue ? value : value[..MaxValue]);
    }

    // A line break would begin another entry.
    internal static string Line(EdgeEvent e) => $"<{Priority(e.Severity)}>{e.Type} {(e.Trace is null ? "" : $"[{e.Trace}] ")}{e.Message.ReplaceLineEndings(" ")}";

    // syslog(3): 3 is an error, 4 a warning, 6 information.
    private static string Priority(EventSeverity severity) => severity switch { EventSeverity.Error => "3", EventSeverity.Warning => "4", _ => "6" };

    // journalSeq becomes CLAWMESH_JOURNAL_SEQ.
    private static string Name(string key)
    {
        var name = new StringBuilder("CLAWMESH_");
        foreach (char c in key)
        {
            if (char.IsAsciiLetterUpper(c)) name.Append('_');
            name.Append(char.IsAsciiLetterOrDigit(c) ? char.ToUpperInvariant(c) : '_');
        }

        return name.Length <= 64 ? name.ToString() : name.ToString(0, 64);
    }
}
