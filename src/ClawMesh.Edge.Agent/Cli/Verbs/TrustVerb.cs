using System.CommandLine;
using System.Text.Json;
using ClawMesh.Edge.Agent.Cli.Views;
using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Agent.LocalApi;
using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Hardware.Identity;

namespace ClawMesh.Edge.Agent.Cli.Verbs;

/// <summary>
/// <c>trust list|add|remove|grant</c>: who may speak with this node, and what they may do ([W-23], [X-11]). Works on the file, with a
/// running node or without; the node looks at the file every second.
/// </summary>
internal static class TrustVerb
{
    private const int MinPrefix = 8;

    private static readonly TimeSpan NodeLimit = TimeSpan.FromSeconds(5);

    public const string GrantHelp = "command=REF, maxTier=T2, approve, gossip, relay, sync, no-approve, no-gossip, no-relay, no-sync; separated by commas.";

    public static Command Build(GlobalOptions global) => new("trust", "The devices this node trusts, and what they may do here. Works with a running node and without.")
    {
        List(global), Add(global), Remove(global), Grant(global),
    };

    private static Command List(GlobalOptions global)
    {
        var command = new Command("list", "Every trusted device with its grants, and what is wrong with entries that do not count.");
        global.Report(command, (context, _, _) =>
        {
            TrustedPeersFile file = Open(context);
            if (file.Problem is { } problem) throw file.Unreadable("Could not list the trusted peers.", problem);
            return Task.FromResult<IReport>(new TrustListReport(file.FilePath, [.. InOrder(file)], file.Warnings));
        });
        return command;
    }

    private static Command Add(GlobalOptions global)
    {
        var id = new Argument<string>("ID") { Description = "The device id, 64 hex digits; `identity` prints it on that device." };
        var key = new Option<string?>("--key") { Description = "Its public key, 43 base64url characters. Without one the first key that comes is pinned.", HelpName = "K" };
        var name = new Option<string?>("--name") { Description = "What people call it.", HelpName = "N" };
        var grant = new Option<string[]>("--grant") { Description = GrantHelp, HelpName = "TEXT" };
        var command = new Command("add", "Trust a device. It may then send frames; commands only with --grant. One that is trusted already stays as it is.") { id, key, name, grant };
        global.Report(command, async (context, parsed, cancellationToken) =>
        {
            const string What = "Could not trust the device.";
            string given = parsed.GetRequiredValue(id);
            if (!NodeId.IsWellFormed(given.ToLowerInvariant())) throw Usage(What, $"'{given}' is no device id; that is 64 hex digits, without a prefix.", "Copy it from `clawmesh-edge identity` on that device.");
            var device = new NodeId(given.ToLowerInvariant());
            string? keyText = parsed.GetValue(key);
            string? called = parsed.GetValue(name);
            string[] texts = parsed.GetValue(grant) ?? [];
            if (keyText is not null && DeviceIds.OfText(keyText) is null) throw Usage(What, $"--key '{keyText}' is no Ed25519 key; that is 43 base64url characters.", "Copy it from `clawmesh-edge identity` on that device.");
            if (called is not null && !TrustedPeersFile.IsDisplayName(called)) throw Usage(What, $"--name must have 1 to {TrustedPeersFile.MaxNameLength} characters and no control characters.", "Give a shorter, plain name.");
            PeerGrants? grants = texts.Length == 0 ? null : Parsed(texts, PeerGrants.Default, What);
            if (DeviceIdentity.Inspect(context.State.Path).DeviceId == device) throw Usage(What, $"{device} is this node itself.", "Give the id of the other device; a node needs no entry for itself.");

            TrustedPeersFile file = OpenToWrite(context, What);
            if (file.Add(device, keyText, called, grants)) return await ReportAsync(context, file, device, "add", changed: true, null, cancellationToken);

            bool trusted = file.Entries.ContainsKey(device.Value);
            bool ignored = keyText is not null || called is not null || grants is not null;
            string note = !trusted ? "It has an entry already that is not trusted; `trust list` says why. `trust remove` it first, then add it again."
                : ignored ? "It was trusted already, and nothing was changed: `trust grant` changes what it may do; for another name or key, remove it first."
                : "It was trusted already; nothing was changed.";
            return await ReportAsync(context, file, device, "add", changed: false, new TrustNote(note, Warns: ignored || !trusted), cancellationToken);
        });
        return command;
    }

    private static Command Remove(GlobalOptions global)
    {
        Argument<string> id = IdOrPrefix();
        var command = new Command("remove", "Trust a device no longer. A running node ends its session with it.") { id };
        global.Report(command, async (context, parsed, cancellationToken) =>
        {
            const string What = "Could not remove the device from the trusted peers.";
            TrustedPeersFile file = OpenToWrite(context, What);
            NodeId device = Find(file, parsed.GetRequiredValue(id), What);
            if (!file.Remove(device)) throw Unknown(file, device.Value, What);
            return await ReportAsync(context, file, device, "remove", changed: true, null, cancellationToken);
        });
        return command;
    }

    private static Command Grant(GlobalOptions global)
    {
        Argument<string> id = IdOrPrefix();
        var texts = new Argument<string[]>("TEXT") { Description = GrantHelp, Arity = ArgumentArity.ZeroOrMore };
        var clear = new Option<bool>("--clear") { Description = "Begin with the grants of a new entry, which commands nothing, instead of those it has." };
        var command = new Command("grant", "Change what a trusted device may do here. Refs are added to those it may command; --clear takes them away.") { id, texts, clear };
        global.Report(command, async (context, parsed, cancellationToken) =>
        {
            const string What = "Could not change the grants.";
            string[] given = parsed.GetValue(texts) ?? [];
            bool afresh = parsed.GetValue(clear);
            if (given.Length == 0 && !afresh) throw Usage(What, "No grant was named.", "Name grants, such as command=actuator:valve:V1, or give --clear.");

            // Once before anything is opened, so that a mistyped grant is what the person hears of first.
            Parsed(given, PeerGrants.Default, What);
            TrustedPeersFile file = OpenToWrite(context, What);
            NodeId device = Find(file, parsed.GetRequiredValue(id), What);
            file.Grant(device, had => Parsed(given, afresh ? PeerGrants.Default : had, What));
            return await ReportAsync(context, file, device, "grant", changed: true, null, cancellationToken);
        });
        return command;
    }

    private static Argument<string> IdOrPrefix() => new("ID") { Description = $"The device id, or its first {MinPrefix} or more digits if no other begins so." };

    private static TrustedPeersFile Open(CliContext context) => new(context.State.Path, context.Time);

    private static TrustedPeersFile OpenToWrite(CliContext context, string what)
    {
        StateOwner.CheckMayWrite(context.State, what);
        return Open(context);
    }

    private static IEnumerable<TrustEntry> InOrder(TrustedPeersFile file)
    {
        foreach (string id in file.KnownIds)
        {
            if (file.Entries.TryGetValue(id, out TrustEntry? entry)) yield return entry;
        }
    }

    private static NodeId Find(TrustedPeersFile file, string text, string what)
    {
        if (file.Problem is { } problem) throw file.Unreadable(what, problem);
        string digits = text.ToLowerInvariant();
        if (digits.Length is < MinPrefix or > NodeId.Length || !NodeId.IsWellFormed(digits.PadRight(NodeId.Length, '0')))
            throw Usage(what, $"'{text}' is neither a device id nor {MinPrefix} or more digits of one.", "`clawmesh-edge trust list` shows the ids.");

        List<string> fitting = [.. file.KnownIds.Where(known => known.StartsWith(digits, StringComparison.Ordinal))];
        return fitting.Count switch
        {
            1 => new NodeId(fitting[0]),
            0 => throw Unknown(file, text, what),
            _ => throw Usage(what, $"{fitting.Count} devices begin with '{text}': {string.Join(", ", fitting.Take(4))}{(fitting.Count > 4 ? ", …" : "")}.", "Give more digits."),
        };
    }

    /// <exception cref="EdgeException"><c>cli.usage</c>, with everything that is wrong.</exception>
    public static PeerGrants Parsed(string[] texts, PeerGrants start, string what) =>
        GrantText.TryParse(texts, start, out PeerGrants grants, out IReadOnlyList<string> problems)
            ? grants
            : throw Usage(what, string.Join(" ", problems), "For example command=actuator:valve:V1,approve,maxTier=T2.");

    // The act is done and counts; a journal that takes no record must not keep a device trusted that should not be.
    private static async Task<IReport> ReportAsync(
        CliContext context, TrustedPeersFile file, NodeId device, string act, bool changed, TrustNote? note, CancellationToken cancellationToken)
    {
        TrustEntry? entry = file.Entries.GetValueOrDefault(device.Value);
        bool running = NodeLocks.HolderOf(context.State) is not null;
        long? recorded = changed && running ? await TellNodeAsync(context, device, act, cancellationToken) : null;
        if (changed && !running)
        {
            try
            {
                using OperatorJournal journal = OperatorJournal.Hold(context.State, context.Time, "Could not journal the change of trust.");
                journal.Open();
                recorded = await journal.AppendAsync($"trust-{act}", entry is null ? device.Value : $"{device}: {GrantText.Describe(entry.Grants)}", cancellationToken);
            }
            catch (EdgeException unrecorded) when (unrecorded.Code == ErrorCodes.NodeRunning)
            {
                running = true;
            }
            catch (EdgeException unrecorded)
            {
                note = new TrustNote($"The change counts, and is not in the audit journal. {unrecorded.Why} {unrecorded.Fix}", Warns: true);
            }
        }

        return new TrustChangeReport(act, device, changed, entry, file.FilePath, running, recorded, note);
    }

    // Null: the node did not answer; it sees the file within a second all the same.
    private static async Task<long?> TellNodeAsync(CliContext context, NodeId device, string act, CancellationToken cancellationToken)
    {
        try
        {
            using LocalClient? client = LocalClient.TryConnect(context.State);
            if (client is null) return null;
            JsonElement noted = await client.CallAsync(
                "edge.trust",
                w =>
                {
                    w.WriteString("act", act);
                    w.WriteString("device", device.Value);
                },
                NodeLimit, cancellationToken);
            return (long?)noted.Number("journalSeq");
        }
        catch (EdgeException)
        {
            return null;
        }
    }

    private static EdgeException Usage(string what, string why, string fix) => new(ErrorCodes.Usage, what, why, fix, FailureClass.Config);

    private static EdgeException Unknown(TrustedPeersFile file, string id, string what) => new(
        "trust.unknown_device", what, $"'{file.FilePath}' has no entry for '{id}'.", "`clawmesh-edge trust list` shows the entries.", FailureClass.Auth);
}
