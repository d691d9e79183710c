using System.Globalization;
using ClawMesh.Edge.Agent.Cli;
using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Agent.Diag;

/// <summary>Where the node remembers: the state directory, its disk, its configuration, its journal.</summary>
internal sealed class StorageGroup : IDiagGroup
{
    private const long WarnFreeBytes = 256L << 20;
    private const long FailFreeBytes = 16L << 20;
    private const double WarnFreePercent = 5;

    public string Name => "storage";

    public Task<IReadOnlyList<DiagCheck>> ChecksAsync(DiagContext context, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<DiagCheck>>(
        [
            Check("state-dir", () => StateDirectoryCheck.Run(context)),
            Check("space", () => Space(context)),
            Check("fsync", () => FsyncCheck.Run(context)),
            Check("config", () => Config(context)),
            JournalChecks.Chain(Name, context),
            new(Name, "journal-state", async _ => JournalChecks.State(await context.NodeAsync())),
        ]);

    private DiagCheck Check(string name, Func<CheckOutcome> run) => new(Name, name, run) { DeadlineClass = FailureClass.Storage };

    private static CheckOutcome Space(DiagContext context)
    {
        string at = StateDirectoryCheck.NearestExisting(context.State.Path);
        return Judge(context.Host.FileSystem(at)).With("path", at);
    }

    internal static CheckOutcome Judge(FileSystemFacts facts)
    {
        string text = string.Create(CultureInfo.InvariantCulture, $"{DiagText.Bytes(facts.FreeBytes)} of {DiagText.Bytes(facts.TotalBytes)} free ({facts.FreePercent:0} %) on {facts.Type}");
        const string Room = "Delete or move what is not needed there, or give the node a larger disk with --state-dir.";
        CheckOutcome outcome =
            facts.ReadOnly ? CheckOutcome.Fail(FailureClass.Storage, $"the file system is mounted read-only; {text}", "Look for disk errors in `dmesg`, then remount it writable: `mount -o remount,rw MOUNTPOINT`.").Because("nothing can be journaled, so nothing can be energised")
            : facts.FreeBytes < FailFreeBytes ? CheckOutcome.Fail(FailureClass.Storage, text, Room).Because($"below {DiagText.Bytes(FailFreeBytes)} the journal stops, and nothing can be energised")
            : facts.FreeBytes < WarnFreeBytes || facts.FreePercent < WarnFreePercent
                ? CheckOutcome.Warn(FailureClass.Storage, text, Room).Because(string.Create(CultureInfo.InvariantCulture, $"a node wants {DiagText.Bytes(WarnFreeBytes)} and {WarnFreePercent} %"))
            : CheckOutcome.Pass(text);
        return outcome.With("freeBytes", facts.FreeBytes).With("totalBytes", facts.TotalBytes).With("readOnly", facts.ReadOnly).With("fileSystem", facts.Type);
    }

    private static CheckOutcome Config(DiagContext context)
    {
        string file = context.State.NodeConfigFile;
        if (context.SkipUnlessReadable(file, "there is no node.json; every setting has its default") is { } skip) return skip;
        if (context.Config is not { } config) return CheckOutcome.Skip(context.Closed(file));

        IEnumerable<string> problems = config.Problems.OrderByDescending(p => p.Severity).Select(p => $"{p.Path}: {p.What} {p.Fix}");
        int errors = config.Problems.Count(p => p.Severity == ProblemSeverity.Error);
        const string Fix = "`clawmesh-edge config check` explains each; correct node.json.";
        CheckOutcome outcome =
            errors > 0 ? CheckOutcome.Fail(FailureClass.Config, $"node.json has {DiagText.Count(errors, "error")}; the node does not start with it", Fix).Because(problems)
            : config.Problems.Count > 0 ? CheckOutcome.Warn(FailureClass.Config, $"node.json has {DiagText.Count(config.Problems.Count, "warning")}", Fix).Because(problems)
            : CheckOutcome.Pass($"node.json sets {config.Values.Count(v => v.Source != "default")} of {ConfigKeys.All.Count} keys");
        return outcome.With("path", file);
    }
}
