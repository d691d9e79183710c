using System.Buffers;
using System.Text.Json;
using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Sites;

namespace ClawMesh.Edge.Core.Identity;

/// <summary>
/// Grants ([X-11]) as an operator types them, <c>command=actuator:valve:V1,approve,maxTier=T2</c>, as a person reads them, and as
/// the member <c>grants</c> of a trust entry ([X-10]).
/// </summary>
public static class GrantText
{
    /// <summary>Characters of one ref or pattern.</summary>
    public const int MaxPatternLength = 128;

    /// <summary>Refs and patterns of one device.</summary>
    public const int MaxPatterns = 64;

    private const string Outputs = "actuator:";

    private static readonly string[] Words =
        ["command=", "maxTier=", "gossip", "relay", "sync", "approve", "no-gossip", "no-relay", "no-sync", "no-approve"];

    // Printable ASCII, less the separator of this very text and what would need quoting in a shell's or JSON's string.
    private static readonly SearchValues<char> PatternCharacters =
        SearchValues.Create("!#$%&()*+-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_abcdefghijklmnopqrstuvwxyz{|}~");

    /// <summary>Lays the texts over <paramref name="start"/>: refs are added to those it has, every other word replaces what it has.</summary>
    /// <param name="grants">The result; <paramref name="start"/> itself when there are problems.</param>
    /// <param name="problems">Everything that is wrong, each with its cure; empty when the result is true.</param>
    public static bool TryParse(IReadOnlyList<string> texts, PeerGrants start, out PeerGrants grants, out IReadOnlyList<string> problems)
    {
        var said = new Said();
        foreach (string text in texts)
        {
            foreach (string word in text.Split(',', StringSplitOptions.TrimEntries)) said.Take(word);
        }

        PeerGrants laid = said.Over(start);
        if (laid.Command.Count > MaxPatterns) said.Problems.Add($"command has {laid.Command.Count} refs; {MaxPatterns} are allowed. Use a pattern such as actuator:valve:*.");
        problems = said.Problems;
        grants = problems.Count == 0 ? laid : start;
        return problems.Count == 0;
    }

    /// <summary>Null when the text is an exact ref or a [W-111] pattern that may be granted; otherwise what is wrong with it.</summary>
    public static string? PatternProblem(string pattern)
    {
        if (pattern.Length is 0 or > MaxPatternLength) return $"it has {pattern.Length} characters; 1 to {MaxPatternLength} are allowed";
        if (pattern.AsSpan().ContainsAnyExcept(PatternCharacters)) return "only printable ASCII without spaces, commas, quotes and backslashes is allowed";
        if (pattern == "*") return null;
        if (!pattern.StartsWith(Outputs, StringComparison.Ordinal)) return $"it must begin with {Outputs}, or be * for every output";

        // A star in the middle would silently grant everything after it, one inside a segment would silently match nothing.
        string[] segments = pattern.Split(':');
        for (int i = 0; i < segments.Length; i++)
        {
            if (segments[i].Length == 0) return "a segment between its colons is empty";
            if (segments[i].Contains('*') && (segments[i] != "*" || i < segments.Length - 1)) return "a * must be the whole last segment; it matches everything from there on";
        }

        return null;
    }

    /// <summary>For example <c>gossip, relay, sync; commands actuator:valve:V1; its approvals count; believed up to T2_operational_observation</c>.</summary>
    public static string Describe(PeerGrants grants)
    {
        var taken = new List<string>(3);
        if (grants.Gossip) taken.Add("gossip");
        if (grants.Relay) taken.Add("relay");
        if (grants.Sync) taken.Add("sync");
        string frames = taken.Count == 0 ? "no gossip, relay or sync" : string.Join(", ", taken);
        string commands = grants.Command.Count == 0 ? "commands nothing"
            : grants.Command.Contains("*") ? "commands every output"
            : $"commands {string.Join(", ", grants.Command)}";
        return $"{frames}; {commands}; {(grants.Approve ? "its approvals count" : "its approvals do not count")}; believed up to {grants.MaxTier.Word()}";
    }

    /// <summary>Writes the value of <c>grants</c>, every member stated.</summary>
    public static void WriteJson(Utf8JsonWriter writer, PeerGrants grants)
    {
        writer.WriteStartObject();
        writer.WriteBoolean("gossip", grants.Gossip);
        writer.WriteBoolean("relay", grants.Relay);
        writer.WriteBoolean("sync", grants.Sync);
        writer.WriteStartArray("command");
        foreach (string pattern in grants.Command) writer.WriteStringValue(pattern);
        writer.WriteEndArray();
        writer.WriteBoolean("approve", grants.Approve);
        writer.WriteString("maxTier", grants.MaxTier.Word());
        writer.WriteEndObject();
    }

    // T2, or the whole word of the wire.
    private static EvidenceTier? Tier(string text) => text switch
    {
        "T0" => EvidenceTier.PlanningInference,
        "T1" => EvidenceTier.UnverifiedObservation,
        "T2" => EvidenceTier.OperationalObservation,
        "T3" => EvidenceTier.VerifiedActionEvidence,
        _ => TrustWords.Tier(text),
    };

    /// <summary>What the words of one command line said, and what was wrong with them.</summary>
    private sealed class Said
    {
        private readonly List<string> _patterns = [];
        private bool? _gossip;
        private bool? _relay;
        private bool? _sync;
        private bool? _approve;
        private EvidenceTier? _maxTier;

        public List<string> Problems { get; } = [];

        public void Take(string word)
        {
            int equals = word.IndexOf('=', StringComparison.Ordinal);
            string value = equals < 0 ? "" : word[(equals + 1)..];
            switch (equals < 0 ? word : word[..(equals + 1)])
            {
                case "":
                    Problems.Add("Between two commas, or at an end, there is nothing; take the comma away.");
                    break;
                case "command=":
                    if (PatternProblem(value) is { } wrong) Problems.Add($"command={Shown(value)}: {wrong}.");
                    else if (!_patterns.Contains(value)) _patterns.Add(value);
                    break;
                case "maxTier=":
                    TakeTier(value);
                    break;
                case "gossip" or "no-gossip":
                    TakeFlag(word, ref _gossip);
                    break;
                case "relay" or "no-relay":
                    TakeFlag(word, ref _relay);
                    break;
                case "sync" or "no-sync":
                    TakeFlag(word, ref _sync);
                    break;
                case "approve" or "no-approve":
                    TakeFlag(word, ref _approve);
                    break;
                default:
                    Problems.Add($"'{Shown(word)}' is no grant; did you mean {NearestText.Find(Shown(word), Words)}?");
                    break;
            }
        }

        public PeerGrants Over(PeerGrants start)
        {
            var command = new List<string>(start.Command);
            foreach (string pattern in _patterns)
            {
                if (!command.Contains(pattern)) command.Add(pattern);
            }

            return new PeerGrants(_gossip ?? start.Gossip, _relay ?? start.Relay, _sync ?? start.Sync, command, _approve ?? start.Approve, _maxTier ?? start.MaxTier);
        }

        private void TakeTier(string value)
        {
            if (Tier(value) is not { } tier) Problems.Add($"maxTier={Shown(value)}: it must be T0, T1, T2, T3 or the whole word, such as {TrustWords.T2}.");
            else if (_maxTier is { } other && other != tier) Problems.Add($"maxTier stands twice, as {other.Word()} and as {tier.Word()}; state one.");
            else _maxTier = tier;
        }

        private void TakeFlag(string word, ref bool? flag)
        {
            bool wanted = !word.StartsWith("no-", StringComparison.Ordinal);
            if (flag == !wanted) Problems.Add($"'{word}' contradicts a word before it; state one of the two.");
            flag = wanted;
        }

        // A mistyped word is worth naming, not worth a page.
        private static string Shown(string text) => text.Length <= MaxPatternLength ? text : text[..MaxPatternLength];
    }
}
