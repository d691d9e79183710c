using System.Globalization;
using System.Security.Cryptography;
using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Agent.Service;

/// <summary>
/// What a node takes over from a classic one: its identity, whom it trusts, and the id of its mesh, byte for byte. Two nodes with one
/// identity would fight over every session, so nothing is taken while the classic one holds its port.
/// </summary>
internal sealed class Adoption : IDisposable
{
    private const int ClassicPort = 18789;
    private const int MaxBytes = 8 * 1024 * 1024;

    // The identity first: a power cut afterwards leaves a node that is itself, with fewer friends, and another run adds them.
    private static readonly string[] Files = [DeviceIdentity.RelativePath, "mesh/trusted-peers.json", MeshIdentity.RelativePath];

    private readonly List<(string Name, byte[]? Content, string Reason)> _files = [];

    private Adoption()
    {
    }

    /// <summary>Reads and checks everything; writes nothing.</summary>
    /// <param name="directory">The state directory of the classic node.</param>
    /// <param name="state">That of the service.</param>
    /// <exception cref="EdgeException"><c>service.adopt_unreadable</c>, <c>service.adopt_no_identity</c>, <c>service.adopt_other_identity</c>,
    /// <c>service.adopt_node_runs</c>; <c>NO_IDENTITY</c>: the classic identity is unusable; <c>mesh.id_unreadable</c>.</exception>
    public static Adoption Check(ServiceHost host, string directory, string state)
    {
        IdentityInspection theirs = DeviceIdentity.Inspect(directory);
        if (theirs.Fault is { } fault) throw fault;
        if (theirs.DeviceId is not { } device)
        {
            throw new EdgeException(
                "service.adopt_no_identity", $"Could not adopt '{directory}'.", $"There is no '{theirs.FilePath}', so this is no state directory of a node.",
                "Name the directory that holds identity/device.json; a classic node's is ~/.clawmesh as a rule.", FailureClass.Config);
        }

        IdentityInspection ours;
        using (host.Inside(state)) ours = DeviceIdentity.Inspect(state);
        if (ours.Fault is not null || ours.DeviceId is { } other && other != device)
        {
            throw new EdgeException(
                "service.adopt_other_identity", $"Could not adopt '{directory}'.",
                ours.DeviceId is { } known ? $"The service is device {known.Abbreviated} already; that directory holds device {device.Abbreviated}." : $"'{ours.FilePath}' cannot be read, and what cannot be read is not replaced.",
                $"If the service's own identity is not needed, move '{ours.FilePath}' away and run the command again; peers that trust it must then be told.", FailureClass.Config);
        }

        _ = MeshIdentity.TryLoad(directory);
        var adoption = new Adoption();
        foreach (string name in Files) adoption.Look(host, directory, state, name);
        if (!host.IsImage && adoption.HasWork) RequireStopped(host, directory);
        return adoption;
    }

    /// <param name="owner">The service's user; null leaves the files root's until the first start of the unit.</param>
    public void Copy(ServiceHost host, ServiceSteps steps, string state, FileOwner? owner)
    {
        foreach ((string name, byte[]? content, string reason) in _files)
        {
            if (content is null) steps.Tell($"adopt {name}", StepState.Skipped, reason);
            else steps.Do($"adopt {name}", () => Write(host, state, Path.Combine(state, name), content, owner));
        }
    }

    public void Dispose()
    {
        foreach ((string _, byte[]? content, string _) in _files)
        {
            if (content is not null) CryptographicOperations.ZeroMemory(content);
        }
    }

    private bool HasWork => _files.Exists(f => f.Content is not null);

    private void Look(ServiceHost host, string directory, string state, string name)
    {
        string from = Path.Combine(directory, name);
        string to = Path.Combine(state, name);
        string? elsewhere;
        bool there;
        using (host.Inside(state))
        {
            elsewhere = new DirectoryInfo(Path.GetDirectoryName(to)!).LinkTarget;
            there = File.Exists(to);
        }

        // Writing is done with the rights of the service's user; this tells the operator early.
        if (elsewhere is not null) throw Unreadable(directory, $"'{Path.GetDirectoryName(to)}' is a link to '{elsewhere}'.");
        if (there) _files.Add((name, null, $"{to} is there already"));
        else if (!File.Exists(from) && name != DeviceIdentity.RelativePath) _files.Add((name, null, "the classic node has none"));
        else _files.Add((name, Read(directory, from), ""));
    }

    private static byte[] Read(string directory, string path)
    {
        try
        {
            long length = new FileInfo(path).Length;
            return length <= MaxBytes ? File.ReadAllBytes(path) : throw Unreadable(directory, $"'{path}' has {length} bytes; at most {MaxBytes} are taken over.");
        }
        catch (Exception closed) when (closed is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(directory, closed.Message);
        }
    }

    private static void RequireStopped(ServiceHost host, string directory)
    {
        foreach (int port in (int[])[ClassicPort, ConfiguredPort(directory)])
        {
            if (port == 0 || host.HolderOf(port) is not { } holder) continue;
            throw new EdgeException(
                "service.adopt_node_runs", $"Could not adopt '{directory}'.", string.Create(CultureInfo.InvariantCulture, $"Port {port} is held by {holder}; two nodes with one identity would cut each other off."),
                "Stop the classic node and keep it from starting again, then run the command again.", FailureClass.Config);
        }
    }

    // 0 when it is not told, or not to be read: the well-known one is asked for in any case.
    private static int ConfiguredPort(string directory)
    {
        try
        {
            return (int)NodeConfig.Load(new StateDirectory(directory, ""), new Dictionary<string, (string, System.Text.Json.JsonElement)>()).Number(ConfigKeys.Port);
        }
        catch (EdgeException)
        {
            return 0;
        }
    }

    private static (StepState State, string Detail) Write(ServiceHost host, string state, string path, byte[] content, FileOwner? owner)
    {
        if (MakeState(host, state, owner) is { } closedState) return (StepState.Failed, closedState);
        using IDisposable? user = host.Inside(state);
        // With the rights of its user a file is born his. What is made in a directory of root's is given to him.
        FileOwner? later = user is null ? owner : null;
        string folder = Path.GetDirectoryName(path)!;
        bool made = !Directory.Exists(folder);
        UnixMode.CreateDirectory(folder, UnixMode.OwnerOnlyDirectory);
        if (made && later is { } heir && host.Give(folder, heir) is { } refused) return (StepState.Failed, $"{folder}: {refused}");
        if (!AtomicFile.TryCreate(path, content, UnixMode.OwnerOnly)) return (StepState.Skipped, $"{path} is there already");
        return later is { } given && host.Give(path, given) is { } closed ? (StepState.Failed, $"{path}: {closed}") : (StepState.Done, path);
    }

    /// <summary>Makes the state directory where it is missing and gives it to the service's user, before anything is in it. Null, or why not.</summary>
    internal static string? MakeState(ServiceHost host, string state, FileOwner? owner)
    {
        if (Directory.Exists(state)) return null;
        UnixMode.CreateDirectory(state, UnixMode.OwnerOnlyDirectory);
        return owner is { } user && host.Give(state, user) is { } refused ? $"{state}: {refused}" : null;
    }

    private static EdgeException Unreadable(string directory, string why) => new(
        "service.adopt_unreadable", $"Could not adopt '{directory}'.", why, "Mend what is named, or leave --adopt out to begin with a new identity.", FailureClass.Config);
}
