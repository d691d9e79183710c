using ClawMesh.Edge.Core.Identity;

namespace ClawMesh.Edge.Mesh.Peers;

/// <summary>Why a static peer text cannot be used.</summary>
/// <param name="Code">One of <see cref="DiagnosticErrorCodes"/>.</param>
/// <param name="Why">What was seen.</param>
/// <param name="Fix">What to write instead.</param>
public sealed record PeerProblem(string Code, string Why, string Fix);

/// <summary>One configured peer ([W-161]). Immutable.</summary>
/// <param name="UrlText">The URL as written, with <c>ws</c> or <c>wss</c> in front ([W-6]); the form that is shown.</param>
/// <param name="Fingerprint">64 hex digits ([W-13]), or null without a pin.</param>
/// <param name="Label">As written, or null.</param>
public sealed record StaticPeer(NodeId DeviceId, Uri Url, string UrlText, string? Fingerprint, string? Label)
{
    private const string Form = "Write deviceId=url|fingerprint|label, the last two as far as there are any.";

    public TransportPosture Posture =>
        Url.Scheme != Uri.UriSchemeWss ? TransportPosture.Insecure
        : Fingerprint is null ? TransportPosture.TlsUnpinned
        : TransportPosture.TlsPinned;

    /// <summary>Whether the label says that the line leaves the local network ([W-163]).</summary>
    public bool IsWan => Label is not null && !Is("lan") && !Is("local") && !Is("mdns");

    /// <summary>False for a line that leaves the local network without a pin ([W-164]).</summary>
    public bool MayDial => !IsWan || Posture == TransportPosture.TlsPinned;

    /// <summary>Reads one entry. Null with a problem when it cannot be used.</summary>
    public static StaticPeer? Parse(string text, out PeerProblem? problem)
    {
        string whole = text.Trim();
        if (whole.AsSpan().IndexOfAnyInRange('\0', '\x1f') >= 0) return Bad(DiagnosticErrorCodes.InvalidPeerUrl, "it holds a control character", Form, out problem);

        // A URL may hold an @ or a second =; the text is split at the first separator only.
        char separator = whole.Contains('=', StringComparison.Ordinal) ? '=' : '@';
        int at = whole.IndexOf(separator, StringComparison.Ordinal);
        if (at < 0) return Bad(DiagnosticErrorCodes.InvalidPeerUrl, "it has neither '=' nor '@' between device id and URL", Form, out problem);

        string id = whole[..at].Trim();
        string[] parts = whole[(at + 1)..].Split('|', StringSplitOptions.TrimEntries);
        if (id.Length == 0) return Bad(DiagnosticErrorCodes.InvalidPeerId, "its device id is empty", Form, out problem);
        if (!NodeId.IsWellFormed(id)) return Bad(DiagnosticErrorCodes.InvalidPeerId, $"'{Cut(id)}' is no device id", "A device id is 64 lower-case hex digits; `clawmesh-edge identity` on the peer shows it.", out problem);
        if (Address(parts[0], out string urlText, out problem) is not { } url) return null;

        string? pin = null;
        if (Part(parts, 1) is { } written)
        {
            if (!Peers.Fingerprint.TryNormalise(written, out string hex64))
                return Bad(DiagnosticErrorCodes.InvalidPeerFingerprint, $"'{Cut(written)}' is no certificate fingerprint", "A fingerprint is the SHA-256 of the peer's certificate: 64 hex digits, colons allowed.", out problem);
            pin = hex64;
        }

        return new StaticPeer(new NodeId(id), url, urlText, pin, Part(parts, 2));
    }

    private static Uri? Address(string written, out string urlText, out PeerProblem? problem)
    {
        problem = null;
        urlText = written.StartsWith("https://", StringComparison.Ordinal) ? $"wss://{written[8..]}"
            : written.StartsWith("http://", StringComparison.Ordinal) ? $"ws://{written[7..]}"
            : written;
        string? why = written.Length == 0 ? "its URL is empty"
            : !urlText.StartsWith("ws://", StringComparison.Ordinal) && !urlText.StartsWith("wss://", StringComparison.Ordinal) ? $"'{Cut(written)}' does not begin with ws:// or wss://"
            : null;
        if (why is null)
        {
            // Names and passwords would show up in mesh.status; a fragment has no meaning for a WebSocket.
            if (Uri.TryCreate(urlText, UriKind.Absolute, out Uri? url) && url.Host.Length > 0 && url.Port is > 0 and <= 65535
                && url.UserInfo.Length == 0 && url.Fragment.Length == 0) return url;
            why = $"'{Cut(written)}' is no address of a WebSocket";
        }

        Bad(DiagnosticErrorCodes.InvalidPeerUrl, why, "Write for example ws://192.0.2.7:18789 or wss://pump-house.example:18789.", out problem);
        return null;
    }

    private static StaticPeer? Bad(string code, string why, string fix, out PeerProblem? problem)
    {
        problem = new PeerProblem(code, why, fix);
        return null;
    }

    private static string? Part(string[] parts, int index) => parts.Length > index && parts[index].Length > 0 ? parts[index] : null;

    private static string Cut(string text) => text.Length <= 72 ? text : $"{text[..72]}…";

    private bool Is(string label) => string.Equals(Label, label, StringComparison.OrdinalIgnoreCase);
}
