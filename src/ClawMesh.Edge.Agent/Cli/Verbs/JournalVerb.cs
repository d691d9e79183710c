using System.CommandLine;
using System.Text.Json;
using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Journal;
using Spectre.Console;

namespace ClawMesh.Edge.Agent.Cli.Verbs;

/// <summary><c>journal reset</c>: sets a journal that cannot be used aside, under a new name and unchanged, and begins another ([X-44]).</summary>
internal static class JournalVerb
{
    public static Command Build(GlobalOptions global) => new("journal", "The file of the actuation journal; `audit` reads what is in it.") { Reset(global) };

    private static Command Reset(GlobalOptions global)
    {
        var yes = new Option<bool>("--yes") { Description = "Really do it." };
        var command = new Command("reset", "Rename the journal and begin a new one. The old files stay; every command from before the reset is refused from then on. The node must not run.") { yes };
        global.Report(command, async (context, parsed, cancellationToken) =>
        {
            StateDirectory state = context.State;
            if (!parsed.GetValue(yes))
            {
                throw new EdgeException(
                    ErrorCodes.Usage, $"Did not reset the journal in '{state.Path}'.", "It sets the memory of all commands, latches and frames aside.",
                    "Look at it with `clawmesh-edge audit verify` first; then repeat with --yes.", FailureClass.Config);
            }

            if (!Directory.Exists(state.Path))
            {
                throw new EdgeException(
                    "journal.absent", "Could not reset the journal.", $"'{state.Path}' ({state.Origin}) does not exist.",
                    "Name the state directory of the node with --state-dir.", FailureClass.Storage);
            }

            using OperatorJournal journal = OperatorJournal.Hold(state, context.Time, "Could not reset the journal.");
            IReadOnlyList<string> renamed = JournalReset.Rename(state.Path, context.Time);
            string detail = renamed.Count == 0 ? "no journal was there" : $"set aside: {string.Join(", ", renamed.Select(Path.GetFileName))}";
            journal.Open();
            try
            {
                long sequence = await journal.AppendAsync("journal-reset", detail, cancellationToken);
                return new ResetReport(renamed, sequence, journal.By);
            }
            catch (EdgeException unavailable) when (unavailable.Code == GateCodes.JournalUnavailable)
            {
                throw new EdgeException(
                    unavailable.Code, "The new journal took no record of the reset.", $"The old one is {detail}. {unavailable.Why}",
                    $"{unavailable.Fix} Then run `clawmesh-edge journal reset --yes` again, so that the reset is on record.", FailureClass.Storage, unavailable);
            }
        });
        return command;
    }

    private sealed record ResetReport(IReadOnlyList<string> Renamed, long Sequence, string By) : IReport
    {
        public string Kind => "journal reset";

        public ReportStatus Status => ReportStatus.Ok;

        public void WriteData(Utf8JsonWriter writer)
        {
            writer.WriteStartObject();
            writer.WriteStartArray("renamed");
            foreach (string path in Renamed) writer.WriteStringValue(path);
            writer.WriteEndArray();
            writer.WriteNumber("journalSeq", Sequence);
            writer.WriteString("by", By);
            writer.WriteEndObject();
        }

        public void Render(IAnsiConsole console)
        {
            if (Renamed.Count == 0) console.WriteLine("There was no journal to set aside.");
            foreach (string path in Renamed) console.WriteLine($"kept as {path}");
            console.WriteLine($"A new journal begins; record {Sequence} names {By} and the old files.");
        }
    }
}
