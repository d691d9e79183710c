using System.Diagnostics;
using System.Text.Json;

namespace ClawMesh.Edge.BootRig;

/// <summary>The published binary, run on the host: the same file that runs in the guest.</summary>
internal sealed class NodeProgram(string binary)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public string Binary => binary;

    public ToolResult Run(string state, params string[] arguments) => Tool.Run(Limit, binary, [.. arguments, "--state-dir", state]);

    /// <summary>The <c>data</c> of a verb's report.</summary>
    public JsonElement Report(string state, params string[] arguments)
    {
        ToolResult result = Run(state, [.. arguments, "--json"]);
        return Data(result.Output) ?? throw new RigException($"{string.Join(' ', arguments)}: {result.Output}{result.Error}");
    }

    public static JsonElement? Data(string json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return document.RootElement.TryGetProperty("data", out JsonElement data) ? data.Clone() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public NodeIdentity Identity(string state)
    {
        JsonElement data = Report(state, "identity");
        return new NodeIdentity(data.GetProperty("deviceId").GetString()!, data.GetProperty("publicKey").GetString()!);
    }

    public Process Start(string state, params string[] arguments)
    {
        var start = new ProcessStartInfo(binary, [.. arguments, "--state-dir", state]) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        return Children.Start(start);
    }
}

internal sealed record NodeIdentity(string DeviceId, string PublicKey);
