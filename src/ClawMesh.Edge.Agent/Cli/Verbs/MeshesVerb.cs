using System.CommandLine;
using System.Text.Json;
using ClawMesh.Edge.Agent.Cli.Views;
using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Agent.LocalApi;
using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Hardware.Identity;

namespace ClawMesh.Edge.Agent.Cli.Verbs;

/// <summary>
/// <c>meshes list|set-policy|forget</c>: the meshes this node knows, and what it does about them ([W-29] to [W-31]). Works on the file,
/// with a running node or without; the node looks at the file every second.
/// </summary>
internal static class MeshesVerb
{
    private const int MinPrefix = 8;

    private static readonly TimeSpan NodeLimit = TimeSpan.FromSeconds(5);

    public static Command Build(GlobalOptions global) => new("meshes", "The mesh this node belongs to, those it has met, and what it does about them. Works with a running node and without.")
    {
        List(global), SetPolicy(global), Forget(global),
    };

    private static Command List(GlobalOptions global)
    {
        var command = new Command("list", "Every known mesh with its policy; the own one is marked, with where it comes from.");
        global.Report(command, async (context, _, cancellationToken) =>
        {
            KnownMeshesFile file = Open(context, invents: false);
            if (file.Problem is { } problem) throw file.Unreadable("Could not list the meshes.", problem);
            string? own = file.OwnMeshId;
            string? running = await OfNodeAsync(context, cancellationToken) ?? own;
            // What the files do not say can only come from the command line of `run`.
            return new MeshesReport("list", file.FilePath, [.. Shown(file, running)], running == own ? file.Origin : MeshOrigin.Configuration, file.Warnings, null, false);
        });
        return command;
    }

    // Null: no node runs here, or it does not answer; then the files have to do.
    private static async Task<string?> OfNodeAsync(CliContext context, CancellationToken cancellationToken)
    {
        try
        {
            using LocalClient? node = LocalClient.TryConnect(context.State);
            if (node is null) return null;
            JsonElement status = await node.CallAsync("mesh.status", null, NodeLimit, cancellationToken);
            return status.Member("edge").Member("mesh").Text("meshId") is { Length: > 0 } id ? id : null;
        }
        catch (EdgeException)
        {
            return null;
        }
    }

    private static Command SetPolicy(GlobalOptions global)
    {
        Argument<string> mesh = Mesh();
        var policy = new Argument<string>("POLICY") { Description = "auto: its trusted devices are dialled when they are found; ask: only those a person names; never: none, and it is never joined." };
        policy.AcceptOnlyFromAmong("auto", "ask", "never");
        var command = new Command("set-policy", "Decide about a mesh. Peers named in the configuration are dialled whatever the policy says.") { mesh, policy };
        global.Report(command, (context, parsed, _) =>
        {
            const string What = "Could not set the policy of the mesh.";
            KnownMeshesFile file = OpenToWrite(context, What, invents: false);
            string id = Find(file, parsed.GetRequiredValue(mesh), What, orNew: true);
            string note = file.SetPolicy(id, JoinPolicyWords.Of(parsed.GetRequiredValue(policy))!.Value) ? "" : "It had this policy already; nothing was changed.";
            return Task.FromResult(Changed(context, "set-policy", file, id, note, warns: false));
        });
        return command;
    }

    private static Command Forget(GlobalOptions global)
    {
        Argument<string> mesh = Mesh();
        var command = new Command("forget", "Forget a mesh and what was decided about it. It comes back when it is met again. Forgetting the mesh that was joined leaves it.") { mesh };
        global.Report(command, (context, parsed, _) =>
        {
            const string What = "Could not forget the mesh.";
            KnownMeshesFile file = OpenToWrite(context, What, invents: true);
            string id = Find(file, parsed.GetRequiredValue(mesh), What, orNew: false);
            bool leaves = file.Origin == MeshOrigin.Joined && file.OwnMeshId == id;
            if (!file.Forget(id)) throw Unknown(file, id, What);
            string note = leaves ? $"This node has left it and belongs to the mesh it invented, {file.OwnMeshId}. Devices of the other mesh refuse it from now on." : "";
            return Task.FromResult(Changed(context, "forget", file, id, note, warns: leaves));
        });
        return command;
    }

    private static Argument<string> Mesh() => new("MESH") { Description = $"The mesh id, its first {MinPrefix} or more characters, or the name, if no other has the same." };

    private static KnownMeshesFile Open(CliContext context, bool invents) => new(
        context.State.Path, NodeConfig.Load(context.State, new Dictionary<string, (string, JsonElement)>()).Text(ConfigKeys.MeshName), context.Time, invents ? Guid.NewGuid : null);

    private static KnownMeshesFile OpenToWrite(CliContext context, string what, bool invents)
    {
        StateOwner.CheckMayWrite(context.State, what);
        KnownMeshesFile file = Open(context, invents);
        return file.Problem is { } problem ? throw file.Unreadable(what, problem) : file;
    }

    // The own one first, whether the file knows it or not.
    private static IEnumerable<ShownMesh> Shown(KnownMeshesFile file, string? own)
    {
        KnownMesh? entry = null;
        foreach (KnownMesh mesh in file.Meshes)
        {
            if (mesh.MeshId == own) entry = mesh;
        }

        if (own is not null) yield return new ShownMesh(entry ?? new KnownMesh(own, own == file.OwnMeshId ? file.Name : null, null, "", "", Joined: false), entry?.Policy ?? JoinPolicy.Auto, Own: true);
        foreach (KnownMesh mesh in file.Meshes)
        {
            if (mesh.MeshId != own) yield return new ShownMesh(mesh, file.PolicyOf(mesh.MeshId), Own: false);
        }
    }

    private static string Find(KnownMeshesFile file, string text, string what, bool orNew)
    {
        var fitting = new List<string>();
        foreach (ShownMesh shown in Shown(file, file.OwnMeshId))
        {
            string id = shown.Mesh.MeshId;
            if (id == text) return id;
            if (shown.Mesh.Name == text || (text.Length >= MinPrefix && id.StartsWith(text, StringComparison.OrdinalIgnoreCase))) fitting.Add(id);
        }

        return fitting.Count switch
        {
            1 => fitting[0],
            // Decided before it is met: only by its whole id, since a mistyped prefix or name would decide about nothing.
            0 => orNew && MeshIdentity.IsMeshId(text) ? text : throw Unknown(file, text, what),
            _ => throw new EdgeException(ErrorCodes.Usage, what, $"{fitting.Count} meshes fit '{text}': {string.Join(", ", fitting.Take(4))}{(fitting.Count > 4 ? ", …" : "")}.", "Give more of the id.", FailureClass.Config),
        };
    }

    private static IReport Changed(CliContext context, string act, KnownMeshesFile file, string id, string note, bool warns)
    {
        var after = new List<ShownMesh>();
        foreach (ShownMesh shown in Shown(file, file.OwnMeshId))
        {
            if (shown.Mesh.MeshId == id && act != "forget") after.Add(shown);
        }

        return new MeshesReport(act, file.FilePath, after, file.Origin, [], note.Length > 0 ? note : act == "forget" ? "Forgotten." : null, warns)
        {
            NodeRuns = NodeLocks.HolderOf(context.State) is not null,
        };
    }

    private static EdgeException Unknown(KnownMeshesFile file, string text, string what) => new(
        "mesh.unknown", what, $"'{file.FilePath}' has no mesh that '{text}' names.",
        "`clawmesh-edge meshes list` shows those that are known; a policy can be set for any other by its whole id.", FailureClass.Config);
}
