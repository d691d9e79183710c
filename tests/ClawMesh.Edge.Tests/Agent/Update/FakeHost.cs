using System.Text;
using ClawMesh.Edge.Agent.Update;
using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Agent.Update;

/// <summary>A machine on which programs say what their file holds, and systemd does what it is told.</summary>
internal sealed class FakeHost(UpdateTree tree) : IUpdateHost
{
    public string Rid { get; set; } = "linux-x64";

    public string Kernel { get; set; } = "5.15.148-tegra";

    public TimeProvider Time { get; } = new ManualTime();

    public long Free { get; set; } = long.MaxValue;

    public NodeSight Node { get; set; } = new(null, Answers: false, []);

    /// <summary>Asked at each look, where a test wants another answer the second time.</summary>
    public Func<int, NodeSight>? NodeAt { get; set; }

    public int Looks { get; private set; }

    /// <summary>Instead of what systemctl and the binaries answer by themselves.</summary>
    public Func<string, IReadOnlyList<string>, ProgramResult?>? Answer { get; set; }

    public List<string> Ran { get; } = [];

    public List<string> Told { get; } = [];

    public long FreeBytes(string directory) => Free;

    public async Task<ProgramResult> RunAsync(string program, IReadOnlyList<string> arguments, TimeSpan limit, CancellationToken cancellationToken)
    {
        Ran.Add($"{program} {string.Join(' ', arguments)}");
        if (Answer?.Invoke(program, arguments) is { } answer) return answer;
        if (program == "env" && arguments[0] == $"CLAWMESH_ROOT={tree.Root}" && arguments[1] == tree.Paths.Guard)
        {
            GuardRun run = await tree.GuardAsync([.. arguments.Skip(2)]);
            return new ProgramResult(run.ExitCode, run.Output, TimedOut: false);
        }

        if (program == "systemctl") return new ProgramResult(0, "", TimedOut: false);
        string content = Encoding.ASCII.GetString(await File.ReadAllBytesAsync(program, cancellationToken));
        int at = content.IndexOf("version=", StringComparison.Ordinal);
        return at < 0
            ? new ProgramResult(139, "", TimedOut: false)
            : new ProgramResult(0, $$$"""{"kind":"version","data":{"version":"{{{content[(at + 8)..content.IndexOf(';', at)]}}}"}}""", TimedOut: false);
    }

    public Task<NodeSight> LookAtNodeAsync(CancellationToken cancellationToken)
    {
        Looks++;
        return Task.FromResult(NodeAt?.Invoke(Looks) ?? Node);
    }

    public Task<bool> TellNodeAsync(string release, string previous, string signer, CancellationToken cancellationToken)
    {
        Told.Add($"{release} over {previous} by {signer}");
        return Task.FromResult(true);
    }
}
