using System.Text.Json;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Mesh.Golden;

/// <summary>One line of a recording; the format is in data/golden/README.md.</summary>
/// <param name="At">Milliseconds since the start of the file.</param>
/// <param name="Link">For example <c>probe&gt;alpha</c>.</param>
/// <param name="Direction"><c>sent</c> and <c>recv</c> as the capture tool saw them, or <c>info</c>.</param>
/// <param name="Text">The raw message; empty on <c>info</c> lines.</param>
internal sealed record Line(double At, string Link, string Direction, string Text, JsonElement Raw)
{
    public string Note => Raw.TryGetProperty("note", out JsonElement note) ? note.GetString()! : "";

    public JsonElement? Message { get; } = TryParse(Text);

    public string Type => Word("type");

    public string Id => Word("id");

    /// <summary>Method of a request, name of an event.</summary>
    public string Name => Type == "event" ? Word("event") : Word("method");

    /// <summary>A member two levels down, for example <c>payload.nonce</c>.</summary>
    public JsonElement? Member(string outer, string inner) =>
        Message is { ValueKind: JsonValueKind.Object } m && m.TryGetProperty(outer, out JsonElement body) && body.ValueKind == JsonValueKind.Object && body.TryGetProperty(inner, out JsonElement value)
            ? value
            : null;

    private string Word(string name) => Message is { ValueKind: JsonValueKind.Object } m && m.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    // Some recorded messages are broken on purpose.
    private static JsonElement? TryParse(string text)
    {
        if (text.Length == 0) return null;
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>A recording, and the identities that speak in it.</summary>
internal sealed partial record Transcript(string Name, IReadOnlyList<Line> Lines)
{
    public const string MeshId = "d08df7a16deb7ffb905692907543f42dfd0680f70617ae3da273fb12404a14fe";

    private static readonly JsonElement Keys = GoldenData.Json("identities/keys.json");

    public static IEnumerable<string> All => Directory.GetFiles(GoldenData.PathOf("transcripts"), "*.jsonl").Select(f => Path.GetFileNameWithoutExtension(f)!).Order(StringComparer.Ordinal);

    /// <param name="name">The file's name, or the number it begins with.</param>
    public static Transcript Load(string name)
    {
        string file = All.Single(n => n.StartsWith(name, StringComparison.Ordinal));
        return new Transcript(file, [.. File.ReadLines(GoldenData.PathOf($"transcripts/{file}.jsonl")).Select(Parse)]);
    }

    public static Ed25519Signer Signer(string identity) => Ed25519Signer.FromSeed(Keys.GetProperty(identity).Hex("throwawaySeedHex"));

    public static string DeviceId(string identity) => Keys.GetProperty(identity).Text("deviceId");

    public static string PublicKey(string identity)
    {
        using Ed25519Signer signer = Signer(identity);
        return System.Buffers.Text.Base64Url.EncodeToString(signer.PublicKey.Span);
    }

    /// <summary>The recorded identity with this device id; null for none.</summary>
    public static string? IdentityOf(string deviceId) => Keys.EnumerateObject().Where(k => k.Value.Text("deviceId") == deviceId).Select(k => k.Name).SingleOrDefault();

    /// <summary>Entries of a classic node's trust store; null for an identity that came without one.</summary>
    public static JsonElement? TrustOf(string identity) =>
        File.Exists(GoldenData.PathOf($"identities/{identity}/mesh/trusted-peers.json")) ? GoldenData.Json($"identities/{identity}/mesh/trusted-peers.json").GetProperty("peers") : null;

    /// <summary>Milliseconds of the epoch at <c>t</c> = 0, by the first signed time in the file.</summary>
    public long Epoch
    {
        get
        {
            foreach (Line line in Lines)
            {
                // Tests with a wrong clock sign other times; what a classic node answers is its own clock.
                if (line.Direction == "recv" && (line.Member("payload", "signedAtMs") ?? line.Member("params", "signedAtMs")) is { } at) return at.GetInt64() - (long)line.At;
            }

            return Lines.Select(l => l.Member("payload", "timestamp")).OfType<JsonElement>().First().GetInt64();
        }
    }

    private static Line Parse(string text)
    {
        using JsonDocument document = JsonDocument.Parse(text);
        JsonElement raw = document.RootElement.Clone();
        return new Line(raw.GetProperty("t").GetDouble(), raw.Text("link"), raw.Text("dir"), raw.TryGetProperty("text", out JsonElement said) ? Unsigned(said.GetString()!) : "", raw);
    }

    // The recordings show that a classic node passes on members it does not know, with a placeholder in the place of a signature. To our node
    // that is a wrong signature, and the frame goes no further ([X-18]); under names that nobody knows the recording says what it is there for.
    private static string Unsigned(string text) => PlaceholderSignature().Replace(text, "\"hlc_\":$1,\"sig_\":");

    [System.Text.RegularExpressions.GeneratedRegex("\"hlc\":(\"[^\"]*\"),\"sig\":")]
    private static partial System.Text.RegularExpressions.Regex PlaceholderSignature();
}
