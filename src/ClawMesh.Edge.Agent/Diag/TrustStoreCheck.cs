using System.Buffers.Text;
using System.Text.Json;
using ClawMesh.Edge.Agent.Cli;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Hardware.Identity;

namespace ClawMesh.Edge.Agent.Diag;

/// <summary>The trust store of [W-23]: it parses, and each key belongs to its device id ([W-25]). A file that cannot be parsed is left as it is ([W-24]).</summary>
internal static class TrustStoreCheck
{
    private const int MaxBytes = 4 << 20;
    private const int KeyBytes = 32;

    public static CheckOutcome Run(DiagContext context)
    {
        string path = Path.Combine(context.State.Path, "mesh", "trusted-peers.json");
        if (context.SkipIfClosed(path) is { } closed) return closed;
        return File.Exists(path) ? Judge(path, ReadBounded(path)) : CheckOutcome.Pass("no peer is trusted yet").With("peers", 0);
    }

    internal static CheckOutcome Judge(string path, byte[] text)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object) return Unusable(path, "it is not a JSON object");
            if (root.Number("version") != 1) return Unusable(path, "its version is not 1");
            if (root.Member("peers").ValueKind != JsonValueKind.Array) return Unusable(path, "its member peers is not an array");

            JsonElement[] peers = [.. root.Items("peers")];
            string[] problems = [.. peers.Select(ProblemOf).OfType<string>(), .. Doubles(peers)];
            string count = $"{DiagText.Count(peers.Length, "peer")} trusted";
            CheckOutcome outcome = problems.Length == 0
                ? CheckOutcome.Pass(count).Because(peers.Select(p => $"{p.Text("deviceId")} {p.Text("displayName")}".TrimEnd()))
                : CheckOutcome.Warn(FailureClass.Auth, $"{count}, {problems.Length} not usable", $"Correct or remove those entries in '{path}'; an edit counts at once.").Because(problems);
            return outcome.With("peers", peers.Length).With("unusable", problems.Length);
        }
        catch (JsonException bad)
        {
            return Unusable(path, $"it is not JSON: line {bad.LineNumber + 1}, byte {bad.BytePositionInLine + 1}");
        }
    }

    private static string? ProblemOf(JsonElement peer)
    {
        string id = peer.Text("deviceId");
        if (!NodeId.IsWellFormed(id)) return $"'{id}' is no device id; it must be 64 hex digits";
        string key = peer.Text("publicKey");
        if (key.Length == 0) return null;

        Span<byte> raw = stackalloc byte[KeyBytes];
        return Base64Url.IsValid(key, out int length) && length == KeyBytes && Base64Url.TryDecodeFromChars(key, raw, out _)
            ? DeviceIds.Of(raw).Value == id ? null : $"the public key of {id} belongs to another device id"
            : $"the public key of {id} is not 32 bytes in base64url";
    }

    private static IEnumerable<string> Doubles(JsonElement[] peers) =>
        peers.GroupBy(p => p.Text("deviceId")).Where(g => g.Key.Length > 0 && g.Count() > 1).Select(g => $"{g.Key} stands {g.Count()} times");

    private static CheckOutcome Unusable(string path, string why) => CheckOutcome.Fail(
        FailureClass.Auth, "the trust store cannot be used; no peer is let in",
        $"Restore '{path}' from a backup or correct it by hand; the node never rewrites it. Moving it away means: nobody is trusted.").Because($"'{path}': {why}").With("path", path);

    private static byte[] ReadBounded(string path)
    {
        using FileStream file = File.OpenRead(path);
        byte[] text = new byte[Math.Min(file.Length, MaxBytes)];
        file.ReadExactly(text);
        return text;
    }
}
