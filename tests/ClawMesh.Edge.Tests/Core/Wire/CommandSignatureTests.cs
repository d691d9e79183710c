using System.Text.Json;
using System.Text.Json.Nodes;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Tests.Native;
using ClawMesh.Edge.Tests.Trust;

namespace ClawMesh.Edge.Tests.Core.Wire;

/// <summary>Signed commands against the vectors, and what must not verify.</summary>
[Trait("spec", "X-50")]
public class CommandSignatureTests
{
    private static readonly JsonElement Golden = GoldenData.Json("edge-vectors.json");
    private static readonly Ed25519Verifier Verifier = new();
    private static readonly JsonElement Vector = Golden.GetProperty("command");
    private static readonly JsonElement K1 = Golden.GetProperty("keys").GetProperty("k1");
    private static readonly NodeId Executor = new(Golden.GetProperty("keys").GetProperty("k2").Text("deviceId"));
    private static readonly string Mesh = Golden.Text("meshId");

    [Fact]
    [Trait("spec", "X-3")]
    [Trait("spec", "X-5")]
    public void The_signed_command_of_the_vectors_verifies_here_and_nowhere_else()
    {
        CommandEnvelope signed = Parse(Vector.GetProperty("signedCommand"));

        Assert.Equal(new CommandExtras(7, 1795222518000, Vector.Text("sig")), signed.Edge);
        Assert.Equal(Vector.Text("messageHex"), Convert.ToHexStringLower(CommandSignature.Message(signed.Raw, Mesh, Executor)));
        Assert.True(Verifies(signed));
        Assert.False(CommandSignature.Verifies(signed, K1.Text("publicKey"), "another mesh", Executor, Verifier));
        Assert.False(CommandSignature.Verifies(signed, K1.Text("publicKey"), Mesh, new NodeId(K1.Text("deviceId")), Verifier));
        Assert.False(CommandSignature.Verifies(signed, Golden.GetProperty("keys").GetProperty("k2").Text("publicKey"), Mesh, Executor, Verifier));
    }

    [Fact]
    public void Signing_the_vectors_command_gives_the_vectors_signature()
    {
        using Ed25519Signer signer = Ed25519Signer.FromSeed(K1.Hex("seedHex"));

        CommandEnvelope signed = CommandSignature.Sign(Parse(Vector.GetProperty("commandWithoutSig")), signer, Mesh, Executor);

        Assert.Equal(Vector.Text("sig"), signed.Edge.Signature);
        Assert.Equal(Vector.Text("digest"), CommandDigest.Of(signed, Mesh));
    }

    [Fact]
    public void A_command_without_edge_members_gets_them_and_is_signed_with_them()
    {
        using Ed25519Signer signer = Ed25519Signer.FromSeed(K1.Hex("seedHex"));
        JsonObject plain = Node(Vector.GetProperty("commandWithoutSig"));
        plain.Remove("edge");

        CommandEnvelope signed = CommandSignature.Sign(Parse(plain.Element()), signer, Mesh, Executor);

        Assert.True(Verifies(signed));
        Assert.Null(signed.Edge.Fence);
        Assert.Contains("\"edge\":{}", System.Text.Encoding.UTF8.GetString(CommandSignature.Message(signed.Raw, Mesh, Executor)), StringComparison.Ordinal);
    }

    public static TheoryData<string, Action<JsonObject>> Changes => new()
    {
        { "the fence", c => c["edge"]!["fence"] = 8 },
        { "the expiry gone", c => c["edge"]!.AsObject().Remove("expiresAtMs") },
        { "the target", c => c["target"]!["ref"] = "actuator:valve:V2" },
        { "the operation", c => c["operation"]!["params"]!["durationSec"] = 31 },
        { "the time", c => c["createdAtMs"] = 1795222488001 },
        { "the id", c => c["commandId"] = "another" },
        { "the evidence", c => c["trust"]!["evidence_sources"] = new JsonArray("sensor") },
        { "an unknown member more", c => c["x"] = 1 },
        { "one character of the signature", c => c["edge"]!["sig"] = "YZf-kFZZH7IQGLCugU64sMLxyySAEyztSAU-e-2spanTcykEjHv2MkuaM31YbXUcKgpOhwODF2cGBCpi2eQAAA" },
        { "unused bits of the signature", c => c["edge"]!["sig"] = "XZf-kFZZH7IQGLCugU64sMLxyySAEyztSAU-e-2spanTcykEjHv2MkuaM31YbXUcKgpOhwODF2cGBCpi2eQAAB" },
        { "padding", c => c["edge"]!["sig"] = c["edge"]!["sig"]!.GetValue<string>() + "==" },
        { "no text", c => c["edge"]!["sig"] = 5 },
        { "an empty signature", c => c["edge"]!["sig"] = "" },
    };

    [Theory]
    [Trait("spec", "X-3")]
    [MemberData(nameof(Changes), DisableDiscoveryEnumeration = true)]
    public void Any_change_makes_it_wrong(string what, Action<JsonObject> change)
    {
        JsonObject command = Node(Vector.GetProperty("signedCommand"));
        change(command);

        Assert.False(Verifies(Parse(command.Element())), what);
    }

    [Fact]
    [Trait("spec", "X-4")]
    public void Other_order_and_other_spelling_of_numbers_change_nothing()
    {
        JsonObject command = Node(Vector.GetProperty("signedCommand"));
        var turned = new JsonObject();
        foreach ((string name, JsonNode? value) in command.Reverse()) turned[name] = value!.DeepClone();
        string text = turned.ToJsonString().Replace("\"durationSec\":30", "\"durationSec\":3.0e1", StringComparison.Ordinal);

        Assert.True(Verifies(Parse(JsonNode.Parse(text)!.Element())));
    }

    [Theory]
    [InlineData("5")]
    [InlineData("[]")]
    [InlineData("""{"fence":"7"}""")]
    [InlineData("""{"fence":1.5}""")]
    [InlineData("""{"fence":1e300}""")]
    [InlineData("""{"expiresAtMs":"soon"}""")]
    public void Edge_members_of_a_wrong_form_are_no_envelope(string edge)
    {
        JsonObject command = Node(Vector.GetProperty("commandWithoutSig"));
        command["edge"] = JsonNode.Parse(edge);

        Assert.Null(CommandEnvelope.Parse(command.Element(), out string problem));
        Assert.StartsWith("edge", problem, StringComparison.Ordinal);
    }

    private static bool Verifies(CommandEnvelope command) => CommandSignature.Verifies(command, K1.Text("publicKey"), Mesh, Executor, Verifier);

    private static CommandEnvelope Parse(JsonElement command) => CommandEnvelope.Parse(command, out string problem) ?? throw new InvalidOperationException(problem);

    private static JsonObject Node(JsonElement element) => JsonNode.Parse(element.GetRawText())!.AsObject();
}
