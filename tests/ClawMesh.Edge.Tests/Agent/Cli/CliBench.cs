using System.Text.Json;
using ClawMesh.Edge.Agent.Cli;
using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Agent.Cli;

/// <summary>Runs verbs in this process, as a shell would, with a state directory of their own.</summary>
internal sealed class CliBench : IDisposable
{
    private readonly ScratchDirectory _scratch = new();

    public StateDirectory State => new(_scratch.At("state"), "--state-dir");

    public string Output { get; private set; } = "";

    public string Error { get; private set; } = "";

    public string At(string relative) => _scratch.At(relative);

    public string Put(string relative, string text) => _scratch.Put(relative, text);

    /// <summary>Runs one command line and returns its exit code.</summary>
    public async Task<int> RunAsync(params IReadOnlyList<string> args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int exit = await CommandTree.Build(output, error, TimeProvider.System).RunAsync([.. args, "--state-dir", State.Path]);
        (Output, Error) = (output.ToString(), error.ToString());
        return exit;
    }

    /// <summary>The same with <c>--json</c>: exactly one object, with the envelope of DESIGN section 8; returns its <c>data</c>.</summary>
    public async Task<JsonElement> JsonAsync(int exit, string kind, string status, params IReadOnlyList<string> args)
    {
        int actual = await RunAsync([.. args, "--json"]);

        Assert.Equal(exit, actual);
        Assert.Equal(1, Output.Count(c => c == '\n'));
        JsonElement envelope = JsonDocument.Parse(Output).RootElement;
        Assert.Equal(["kind", "schema", "status", "data"], envelope.EnumerateObject().Select(m => m.Name));
        Assert.Equal((kind, 1, status), (envelope.GetProperty("kind").GetString(), envelope.GetProperty("schema").GetInt32(), envelope.GetProperty("status").GetString()));
        return envelope.GetProperty("data");
    }

    /// <summary>An error in both forms: code, what, why and fix, on standard error as text, on standard output as JSON.</summary>
    public async Task<JsonElement> FailsAsync(int exit, string code, params IReadOnlyList<string> args)
    {
        JsonElement data = await JsonAsync(exit, "error", "fail", args);
        Assert.Equal(code, data.GetProperty("code").GetString());
        foreach (string member in (string[])["what", "why", "fix"]) Assert.NotEqual("", data.GetProperty(member).GetString());

        Assert.Equal(exit, await RunAsync(args));
        Assert.Equal("", Output);
        Assert.StartsWith($"error: {code}{Environment.NewLine}", Error, StringComparison.Ordinal);
        return data;
    }

    public void Dispose() => _scratch.Dispose();
}
