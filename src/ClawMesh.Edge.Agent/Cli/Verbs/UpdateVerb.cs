using System.CommandLine;
using System.Text.Json;
using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Agent.Update;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Hardware.Linux;
using Spectre.Console;

namespace ClawMesh.Edge.Agent.Cli.Verbs;

/// <summary><c>update apply|status|rollback</c>: versions of this program, side by side.</summary>
internal static class UpdateVerb
{
    // Far more than all keys take.
    private const int MaxConfigBytes = 1024 * 1024;

    public static Command Build(GlobalOptions global) =>
        new("update", "Installs a signed version beside the one that runs, on trial, and goes back.") { Apply(global), Status(global), Rollback(global) };

    private static Command Apply(GlobalOptions global)
    {
        var file = new Argument<string>("FILE") { Description = "The bundle, as `make bundle` writes it." };
        var allowOlder = new Option<bool>("--allow-older") { Description = "Install it although a newer version runs." };
        var noWait = new Option<bool>("--no-wait") { Description = "Do not wait until the new version is committed or rolled back." };
        var command = new Command("apply", "Install a signed bundle and restart the node with it. It is kept once it has been healthy for edge.update.healthySec, and rolled back otherwise. Root only.") { file, allowOlder, noWait };
        global.Report(command, async (context, parsed, cancellationToken) =>
        {
            UpdatePaths paths = UpdatePaths.FromEnvironment(Environment.GetEnvironmentVariable);
            UpdateChecks.RequireRoot(paths);
            RequirePlain(context.State.NodeConfigFile);
            NodeConfig config = NodeConfig.Load(context.State, new Dictionary<string, (string, JsonElement)>()).OrThrow();
            var options = new ApplyOptions(parsed.GetValue(allowOlder), config.Number(ConfigKeys.UpdateHealthySec), config.Number(ConfigKeys.UpdateDeadlineSec));
            if (options.DeadlineSec <= options.HealthySec)
            {
                throw new EdgeException(
                    ErrorCodes.ConfigInvalid, "No update could ever be committed.",
                    $"{ConfigKeys.UpdateDeadlineSec} is {options.DeadlineSec}, and {ConfigKeys.UpdateHealthySec} is {options.HealthySec}: the first must be the larger one.",
                    "Change one of them with `clawmesh-edge config set`.", FailureClass.Config);
            }

            // Progress is for people; with --json the one object at the end has it all.
            void Tell(string line) => context.Console.WriteLine(line);
            var apply = new UpdateApply(paths, new UpdateHost(paths, context.State, context.Time), new Ed25519Verifier(), step => Tell(Words(step)));
            Applied applied = await apply.RunAsync(parsed.GetValue(file)!, options, cancellationToken);
            if (parsed.GetValue(noWait)) return new AppliedReport(applied, Committed: false);
            await new UpdateFollow(paths, context.Time, Tell).UntilDecidedAsync(applied.Release, options.DeadlineSec, cancellationToken);
            return new AppliedReport(applied, Committed: true);
        });
        return command;
    }

    private static Command Status(GlobalOptions global)
    {
        var command = new Command("status", "What runs, what is on trial, and how the last update ended.");
        global.Report(command, (_, _, _) =>
        {
            UpdatePaths paths = UpdatePaths.FromEnvironment(Environment.GetEnvironmentVariable);
            return Task.FromResult<IReport>(new StatusReport(
                paths.Running(), paths.Linked(paths.Current), paths.Linked(paths.Previous), File.Exists(paths.Packaged), Trial.Read(paths.Trial), UpdateResult.Read(paths.LastResult)));
        });
        return command;
    }

    private static Command Rollback(GlobalOptions global)
    {
        var command = new Command("rollback", "Put the version before the current one back and restart the node. A node that does not answer is stopped first. Root only.");
        global.Report(command, async (context, _, cancellationToken) =>
        {
            UpdatePaths paths = UpdatePaths.FromEnvironment(Environment.GetEnvironmentVariable);
            UpdateChecks.RequireRoot(paths);
            return new BackReport(await new UpdateBack(paths, new UpdateHost(paths, context.State, context.Time)).RunAsync(cancellationToken));
        });
        return command;
    }

    // It is the node's user's: a pipe in its place would hold root up, and some devices act when they are opened.
    private static void RequirePlain(string file)
    {
        bool there = PathAccess.Look(file) == PathSight.Present;
        if (!there || (RegularFile.Is(file) && new FileInfo(file).Length <= MaxConfigBytes)) return;
        throw new EdgeException(
            ErrorCodes.ConfigInvalid, $"Could not read '{file}'.", $"It is no plain file, or has more than {MaxConfigBytes} bytes.", "Put a configuration there, or remove it; then the defaults count.", FailureClass.Config);
    }

    private static string Words(UpdateStep step) => step switch
    {
        UpdateStep.Checked => "signature, machine, version and outputs: checked",
        UpdateStep.Cleaned => "unpacking",
        UpdateStep.Unpacked => "unpacked; every file is the one that was signed",
        UpdateStep.Proven => "the new binary runs on this machine",
        UpdateStep.Placed => "installed beside the old version",
        UpdateStep.OnTrial => "on trial",
        UpdateStep.Switched => "switched",
        UpdateStep.Watched => "watched by the start guard",
        _ => "restarting the node",
    };

    private sealed record AppliedReport(Applied Applied, bool Committed) : IReport
    {
        public string Kind => "update apply";

        public ReportStatus Status => ReportStatus.Ok;

        public void WriteData(Utf8JsonWriter writer)
        {
            writer.WriteStartObject();
            writer.WriteString("release", Applied.Release);
            writer.WriteString("previous", Applied.Previous);
            writer.WriteString("signer", Applied.Signer);
            writer.WriteBoolean("journaled", Applied.Journaled);
            writer.WriteString("state", Committed ? "committed" : "trial");
            writer.WriteEndObject();
        }

        public void Render(IAnsiConsole console) => console.WriteLine(
            Committed
                ? $"{Applied.Release} is committed; {Applied.Previous} stays as the version to go back to. Signed by {Applied.Signer}."
                : $"{Applied.Release} is on trial; `clawmesh-edge update status` tells what becomes of it. Signed by {Applied.Signer}.");
    }

    private sealed record StatusReport(string Running, string Current, string Previous, bool Packaged, Trial? Trial, UpdateResult? Last) : IReport
    {
        public string Kind => "update status";

        // A link to a release that is gone is mended at the next start; until then somebody should know.
        public ReportStatus Status => Running == Current && Last is null or { Result: UpdateResult.Committed } ? ReportStatus.Ok : ReportStatus.Warn;

        public void WriteData(Utf8JsonWriter writer)
        {
            writer.WriteStartObject();
            writer.WriteString("current", Current);
            writer.WriteString("starts", Running);
            writer.WriteString("previous", Previous);
            writer.WriteBoolean("packaged", Packaged);
            if (Trial is not null)
            {
                writer.WriteStartObject("trial");
                writer.WriteString("release", Trial.Release);
                writer.WriteString("previous", Trial.Previous);
                writer.WriteNumber("starts", Trial.Starts);
                writer.WriteNumber("startedAtMs", Trial.Started * 1000);
                writer.WriteNumber("healthySec", Trial.Need);
                writer.WriteNumber("deadlineSec", Trial.Window);
                writer.WriteString("before", Trial.Before);
                writer.WriteEndObject();
            }

            if (Last is not null)
            {
                writer.WriteStartObject("last");
                writer.WriteString("result", Last.Result);
                writer.WriteString("release", Last.Release);
                writer.WriteString("previous", Last.Previous);
                writer.WriteNumber("atMs", Last.Time * 1000);
                writer.WriteString("reason", Last.Reason);
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        }

        public void Render(IAnsiConsole console) => console.Write(Facts.Grid(
            ("current", Running == Current ? Current : $"{Current}, which is not there; {Running} starts"),
            ("before it", Current == UpdatePaths.PackagedName ? "" : Previous),
            ("packaged", Packaged ? "there" : "not there"),
            ("on trial", Trial is null ? "" : $"{Trial.Release}, {Trial.Starts} starts; kept after {Trial.Need} s of health, else {Trial.Previous} comes back after {Trial.Window} s"),
            ("last update", Last is null ? "" : $"{Last.Release}: {Last.Result} at {Facts.Instant(DateTimeOffset.FromUnixTimeSeconds(Math.Min(Last.Time, 253402300799)))}, {Facts.Plain(Last.Reason)}")));
    }

    private sealed record BackReport(WentBack Back) : IReport
    {
        public string Kind => "update rollback";

        public ReportStatus Status => ReportStatus.Ok;

        public void WriteData(Utf8JsonWriter writer)
        {
            writer.WriteStartObject();
            writer.WriteString("from", Back.From);
            writer.WriteString("to", Back.To);
            writer.WriteBoolean("stoppedFirst", Back.Stopped);
            writer.WriteEndObject();
        }

        public void Render(IAnsiConsole console) => console.WriteLine(
            $"{Back.From} was put aside; {Back.To} starts.{(Back.Stopped ? " The node did not answer and was stopped first." : "")}");
    }
}
