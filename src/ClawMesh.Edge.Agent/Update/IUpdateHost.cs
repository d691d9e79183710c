using System.Runtime.InteropServices;
using System.Text.Json;
using ClawMesh.Edge.Agent.Cli;
using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Agent.LocalApi;
using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Agent.Update;

/// <param name="Pid">The process that runs a node in the state directory; null when none does, 0 when it is not known which.</param>
/// <param name="Answers">It answered on its local socket.</param>
/// <param name="Energised">Outputs that are energised, or not confirmed safe yet.</param>
internal sealed record NodeSight(int? Pid, bool Answers, IReadOnlyList<string> Energised, string Problem = "");

/// <summary>What an update asks of the machine besides its files.</summary>
internal interface IUpdateHost
{
    /// <summary>As .NET names it, for example <c>linux-arm64</c>.</summary>
    string Rid { get; }

    /// <summary>For example <c>5.15.148-tegra</c>.</summary>
    string Kernel { get; }

    TimeProvider Time { get; }

    /// <summary>Of the file system that a directory lies on.</summary>
    long FreeBytes(string directory);

    Task<ProgramResult> RunAsync(string program, IReadOnlyList<string> arguments, TimeSpan limit, CancellationToken cancellationToken);

    Task<NodeSight> LookAtNodeAsync(CancellationToken cancellationToken);

    /// <summary>Lets a living node journal what the operator does; whether it did.</summary>
    Task<bool> TellNodeAsync(string release, string previous, string signer, CancellationToken cancellationToken);
}

/// <summary>This machine and the node of one state directory.</summary>
internal sealed class UpdateHost(UpdatePaths paths, StateDirectory state, TimeProvider time) : IUpdateHost
{
    private static readonly TimeSpan NodeLimit = TimeSpan.FromSeconds(3);

    public string Rid { get; } = RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "linux-arm64" : "linux-x64";

    public string Kernel => HostKernel.Release;

    public TimeProvider Time => time;

    public long FreeBytes(string directory) => FileSystemFacts.Of(directory).FreeBytes;

    public Task<ProgramResult> RunAsync(string program, IReadOnlyList<string> arguments, TimeSpan limit, CancellationToken cancellationToken) =>
        Task.Run(() => Programs.Run(program, arguments, limit, time, withErrors: false, paths.Root) ?? throw new EdgeException(
            "program.not_started", $"Could not start '{program}'.", "There is no such program.", "Check that it is installed where the system keeps its programs.", FailureClass.Infra), cancellationToken);

    public async Task<NodeSight> LookAtNodeAsync(CancellationToken cancellationToken)
    {
        int? pid = NodeLocks.HolderOf(state);
        try
        {
            using LocalClient? node = await ConnectAsync(cancellationToken);
            if (node is null) return new NodeSight(pid, Answers: false, [], "its local socket is closed");
            JsonElement status = await node.CallAsync("mesh.status", null, NodeLimit, cancellationToken);
            return new NodeSight(pid ?? 0, Answers: true, Energised(status));
        }
        catch (EdgeException silent)
        {
            return new NodeSight(pid ?? 0, Answers: false, [], silent.Why);
        }
        catch (Exception senseless) when (IsSenseless(senseless))
        {
            return new NodeSight(pid ?? 0, Answers: false, [], $"what it answered makes no sense ({senseless.Message})");
        }
    }

    public async Task<bool> TellNodeAsync(string release, string previous, string signer, CancellationToken cancellationToken)
    {
        try
        {
            using LocalClient? node = await ConnectAsync(cancellationToken);
            if (node is null) return false;
            await node.CallAsync(
                "edge.update",
                w =>
                {
                    w.WriteString("release", release);
                    w.WriteString("previous", previous);
                    w.WriteString("signer", signer);
                },
                NodeLimit, cancellationToken);
            return true;
        }
        catch (EdgeException)
        {
            // A node without a journal, or of a version that does not know the method. The next start notes the new release by itself.
            return false;
        }
        catch (Exception senseless) when (IsSenseless(senseless))
        {
            return false;
        }
    }

    // A stopped process does not take connections, and then the kernel holds up whoever makes one.
    private async Task<LocalClient?> ConnectAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await Task.Run(() => LocalClient.TryConnect(state), cancellationToken).WaitAsync(NodeLimit, time, cancellationToken);
        }
        catch (TimeoutException late)
        {
            throw new EdgeException(ErrorCodes.NodeUnreachable, "The node did not answer.", $"It did not take a connection within {NodeLimit.TotalSeconds:0} s.", "Look at its log.", FailureClass.Infra, late);
        }
    }

    // The socket is the node's user's; whatever speaks behind it must not stand between root and the way back.
    private static bool IsSenseless(Exception e) => e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException;

    // A lease is on; a safe write is owed; or the output is seen in another state than its safe one.
    private static List<string> Energised(JsonElement status)
    {
        var energised = new List<string>();
        if (!status.TryGetProperty("edge", out JsonElement edge)) return energised;
        foreach (JsonElement output in edge.Items("actuators"))
        {
            string seen = output.Text("state");
            if (output.Number("leaseLeftMs") is not null || output.Flag("safePending") || (seen.Length > 0 && seen != output.Text("safe"))) energised.Add(output.Text("ref"));
        }

        return energised;
    }
}
