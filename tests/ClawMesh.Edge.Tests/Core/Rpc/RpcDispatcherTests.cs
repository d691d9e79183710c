using System.Text;
using System.Text.Json;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Rpc;

namespace ClawMesh.Edge.Tests.Core.Rpc;

public class RpcDispatcherTests
{
    private static readonly RpcCaller Operator = new(RpcTier.Operator, "operator:test");
    private static readonly RpcCaller Loopback = new(RpcTier.Loopback, "loopback");

    private readonly RpcDispatcher _rpc = new();

    public RpcDispatcherTests()
    {
        _rpc.Add("echo", _ => true, (p, _, _) => Task.FromResult<Action<Utf8JsonWriter>>(w => w.WriteStringValue(RpcParams.Text(p, "say") ?? "nothing")));
        _rpc.Add("secret", caller => caller.Tier == RpcTier.Operator, (_, caller, _) => Task.FromResult<Action<Utf8JsonWriter>>(w => w.WriteStringValue(caller.Name)));
        _rpc.Add("broken", _ => true, (_, _, _) => throw new EdgeException("disk.full", "Could not write.", "No space.", "Make room.", FailureClass.Storage));
    }

    [Theory]
    [Trait("spec", "W-10")]
    [Trait("spec", "W-11")]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"type":"req","id":"1"}""")]
    [InlineData("""{"type":"req","id":7,"method":"echo"}""")]
    [InlineData("""{"type":"req","id":"","method":"echo"}""")]
    [InlineData("""{"type":"res","id":"1","ok":true,"payload":{}}""")]
    [InlineData("""{"type":"req","id":"1","method":"echo","params":{"a":1,"a":2}}""")]
    [InlineData("""{"type":"req","type":"req","id":"1","method":"echo"}""")]
    public async Task What_is_no_request_gets_no_answer_and_is_counted(string text)
    {
        byte[]? answer = await _rpc.HandleAsync(Encoding.UTF8.GetBytes(text), Operator, TestContext.Current.CancellationToken);

        Assert.Null(answer);
        Assert.Equal(1, _rpc.Rejected);
    }

    [Fact]
    [Trait("spec", "W-10")]
    public async Task Nesting_deeper_than_32_is_no_request()
    {
        string deep = string.Concat(Enumerable.Repeat("{\"a\":", 33)) + "1" + new string('}', 33);

        byte[]? answer = await _rpc.HandleAsync(Encoding.UTF8.GetBytes($$"""{"type":"req","id":"1","method":"echo","params":{{deep}}}"""), Operator, TestContext.Current.CancellationToken);

        Assert.Null(answer);
    }

    [Fact]
    [Trait("spec", "W-64")]
    public async Task An_unknown_method_is_named_to_an_operator_and_hidden_from_a_stranger()
    {
        JsonElement known = await AskAsync("Echo", Operator);
        JsonElement hidden = await AskAsync("Echo", Loopback);

        Assert.Equal("UNKNOWN_METHOD", Code(known));
        Assert.Equal("UNKNOWN_METHOD: unknown method: Echo", known.GetProperty("error").GetProperty("message").GetString());
        Assert.Equal("NOT_AUTHORIZED", Code(hidden));
    }

    [Fact]
    [Trait("spec", "X-69")]
    public async Task A_method_is_open_to_the_tiers_it_names_and_to_no_other()
    {
        Assert.True((await AskAsync("secret", Operator)).GetProperty("ok").GetBoolean());
        Assert.Equal("NOT_AUTHORIZED", Code(await AskAsync("secret", Loopback)));
        Assert.Equal("NOT_AUTHORIZED", Code(await AskAsync("secret", new RpcCaller(RpcTier.Stranger, "s"))));
    }

    [Fact]
    [Trait("spec", "W-66")]
    public async Task A_fault_becomes_an_error_with_all_four_texts_and_a_message_that_begins_with_its_code()
    {
        JsonElement error = (await AskAsync("broken", Operator)).GetProperty("error");

        Assert.Equal("disk.full", error.GetProperty("code").GetString());
        Assert.StartsWith("disk.full: ", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal("Make room.", error.GetProperty("fix").GetString());
        Assert.Equal("storage", error.GetProperty("failureClass").GetString());
    }

    [Fact]
    [Trait("spec", "W-63")]
    public async Task Params_that_are_no_object_count_as_empty()
    {
        byte[]? answer = await _rpc.HandleAsync("""{"type":"req","id":"1","method":"echo","params":[1]}"""u8.ToArray(), Operator, TestContext.Current.CancellationToken);

        using JsonDocument document = JsonDocument.Parse(answer);
        Assert.Equal("nothing", document.RootElement.GetProperty("payload").GetString());
    }

    private async Task<JsonElement> AskAsync(string method, RpcCaller caller)
    {
        byte[]? answer = await _rpc.HandleAsync(Encoding.UTF8.GetBytes($$"""{"type":"req","id":"x-1","method":"{{method}}"}"""), caller, TestContext.Current.CancellationToken);
        using JsonDocument document = JsonDocument.Parse(answer!);
        Assert.Equal("x-1", document.RootElement.GetProperty("id").GetString());
        return document.RootElement.Clone();
    }

    private static string? Code(JsonElement answer) => answer.GetProperty("error").GetProperty("code").GetString();

    [Fact]
    public async Task A_fault_that_an_operator_is_told_leads_to_what_was_noted_and_a_stranger_causes_no_note()
    {
        var noted = new List<string>();
        _rpc.Told = (method, caller, fault) =>
        {
            noted.Add($"{method} {caller.Name} {fault.Code}");
            return "trace-1";
        };

        byte[]? told = await _rpc.HandleAsync("""{"type":"req","id":"1","method":"broken"}"""u8.ToArray(), Operator, TestContext.Current.CancellationToken);
        byte[]? untold = await _rpc.HandleAsync("""{"type":"req","id":"1","method":"broken"}"""u8.ToArray(), Loopback, TestContext.Current.CancellationToken);

        Assert.Equal(["broken operator:test disk.full"], noted);
        Assert.Equal("trace-1", JsonDocument.Parse(told!).RootElement.GetProperty("error").GetProperty("trace").GetString());
        Assert.False(JsonDocument.Parse(untold!).RootElement.GetProperty("error").TryGetProperty("trace", out _));
    }
}
