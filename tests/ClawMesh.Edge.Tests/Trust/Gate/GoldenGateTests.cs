using System.Text.Json;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.Trust.Gate;

namespace ClawMesh.Edge.Tests.Trust.Gate;

/// <summary>Every forward that was recorded against a classic node (tests/data/golden), asked of our gate.</summary>
public class GoldenGateTests
{
    /// <summary>
    /// Recorded cases that Edge answers more strictly at the wire gate, by [W-103] (<c>mixed</c> read as <c>llm</c>). The recording
    /// holds no such case; one that appears in a new recording has to be named here.
    /// </summary>
    private static readonly Dictionary<string, string> StricterHere = [];

    // The classic node that was asked; the gate plays its part.
    private static readonly NodeId Alpha = new("811fa311634794d521f38e8e3b741daf5608c5e8700077b9e7eb1e5fa9e98e66");

    [Fact]
    [Trait("spec", "W-97")]
    public void Our_gate_answers_every_recorded_forward_as_the_classic_node_did()
    {
        // The classic gate asks energising and safe commands alike; so does ours while no output is declared.
        var gate = new WireGate(Alpha, _ => false);
        var seen = new List<string>();

        foreach ((string name, JsonElement parameters, string? classicCode) in Recorded())
        {
            Refusal? ours = gate.Judge(ForwardMessage.Parse(parameters));

            string? expected = StricterHere.GetValueOrDefault(name, classicCode!);
            Assert.True(expected == ours?.Code, $"{name}: the classic node answered {classicCode ?? "ok"}, we answer {ours?.Code ?? "ok"}");
            seen.Add(name);
        }

        Assert.Equal(25, seen.Count);
        Assert.All(StricterHere.Keys, name => Assert.Contains(name, seen));
    }

    [Fact]
    public void The_recording_holds_every_code_of_the_gate()
    {
        string[] codes = [.. Recorded().Select(r => r.ClassicCode ?? GateCodes.Ok).Distinct().Order()];

        Assert.Equal(
            [
                GateCodes.ActuationDeclarationRequired, GateCodes.InsufficientTrustTier, GateCodes.InvalidCommandEnvelope, GateCodes.InvalidParams,
                GateCodes.InvalidTrustPolicy, GateCodes.LlmOnlyActuationBlocked, GateCodes.LoopDetected, GateCodes.Ok,
                GateCodes.TrustEnvelopeMismatch, GateCodes.TrustMetadataRequired, GateCodes.VerificationRequired,
            ],
            codes);
    }

    [Fact]
    [Trait("spec", "W-103")]
    public void Mixed_in_place_of_the_recorded_llm_is_refused_alike_where_a_classic_node_would_let_it_pass()
    {
        var gate = new WireGate(Alpha, _ => false);
        (_, JsonElement parameters, _) = Recorded().Single(r => r.Name == "llm-only");

        ForwardMessage mixed = ForwardMessage.Parse(JsonDocument.Parse(parameters.GetRawText().Replace("\"llm\"", "\"mixed\"", StringComparison.Ordinal)).RootElement);

        Assert.Equal(GateCodes.LlmOnlyActuationBlocked, gate.Judge(mixed)?.Code);
    }

    private static IEnumerable<(string Name, JsonElement Parameters, string? ClassicCode)> Recorded()
    {
        string name = "";
        var asked = new Dictionary<string, (string Name, JsonElement Parameters)>();
        foreach (string line in File.ReadLines(Path.Combine(AppContext.BaseDirectory, "data", "golden", "transcripts", "06-actuation-gate.jsonl")))
        {
            JsonElement entry = JsonDocument.Parse(line).RootElement;
            string direction = entry.GetProperty("dir").GetString()!;
            if (direction == "info")
            {
                name = entry.GetProperty("note").GetString()!.Replace("case ", "", StringComparison.Ordinal);
                continue;
            }

            JsonElement message = JsonDocument.Parse(entry.GetProperty("text").GetString()!).RootElement;
            if (!message.TryGetProperty("id", out JsonElement id)) continue;
            if (direction == "sent" && message.GetProperty("method").GetString() == "mesh.message.forward")
            {
                asked.Add(id.GetString()!, (name, message.GetProperty("params")));
            }
            else if (direction == "recv" && asked.TryGetValue(id.GetString()!, out (string Name, JsonElement Parameters) request))
            {
                string? code = message.GetProperty("ok").GetBoolean() ? null : message.GetProperty("error").GetProperty("code").GetString();
                yield return (request.Name, request.Parameters, code);
            }
        }
    }
}
