using System.Text.Json.Nodes;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Tests.Trust;
using ClawMesh.Edge.Tests.Trust.Gate;
using ClawMesh.Edge.Trust.Gate;

namespace ClawMesh.Edge.Tests.Core.Wire;

/// <summary>Names of a command stand in records, events and frames; they had no length.</summary>
public class CommandBoundsTests
{
    private readonly WireGate _gate = new(PermitDesk.Self, _ => false);

    [Theory]
    [InlineData("commandId", 128)]
    [InlineData("target.ref", 128)]
    [InlineData("target.kind", 128)]
    [InlineData("operation.name", 128)]
    [InlineData("source.nodeId", 128)]
    [InlineData("source.role", 128)]
    [InlineData("note", 1_024)]
    [Trait("spec", "W-94")]
    public void A_name_used_to_be_taken_at_any_length(string path, int max)
    {
        Assert.NotNull(CommandEnvelope.Parse(With(path, new string('x', max))["command"]!.Element(), out string none));
        Assert.Equal("", none);

        JsonObject tooLong = With(path, new string('x', max + 1));
        Assert.Null(CommandEnvelope.Parse(tooLong["command"]!.Element(), out string problem));
        Assert.InRange(problem.Length, 1, 399);
        Assert.Equal(GateCodes.InvalidCommandEnvelope, _gate.Judge(ForwardMessage.Parse(tooLong.Element()))?.Code);
    }

    [Theory]
    [InlineData("action_type")]
    [InlineData("evidence_trust_tier")]
    [InlineData("minimum_trust_tier")]
    [InlineData("verification_required")]
    [Trait("spec", "W-94")]
    [Trait("spec", "W-97")]
    public void A_word_of_trust_used_to_be_repeated_whole_in_the_answer(string member)
    {
        JsonNode[] words = [new string('x', 100_000), new string('\u001b', 100_000), JsonNode.Parse($"[\"{new string('x', 100_000)}\"]")!];
        foreach (JsonNode word in words)
        {
            foreach (bool enveloped in (bool[])[true, false])
            {
                JsonObject message = WireGateTests.Good();
                if (!enveloped) WireGateTests.Without(message, "command");
                WireGateTests.Both(message, t => t[member] = word.DeepClone());

                Refusal? refusal = _gate.Judge(ForwardMessage.Parse(message.Element()));

                Assert.NotNull(refusal);
                Assert.True(refusal.Message.Length < 400, $"{member}, {(enveloped ? "in the envelope" : "at top level")}: {refusal.Message.Length} characters");
            }
        }
    }

    private static JsonObject With(string path, string value)
    {
        JsonObject message = WireGateTests.Good();
        string[] parts = path.Split('.');
        JsonObject at = WireGateTests.Command(message);
        if (parts.Length == 2) at = at[parts[0]]!.AsObject();
        at[parts[^1]] = value;
        return message;
    }
}
