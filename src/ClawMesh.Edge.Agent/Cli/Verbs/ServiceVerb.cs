using System.CommandLine;
using ClawMesh.Edge.Agent.Service;
using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Agent.Cli.Verbs;

/// <summary><c>service install|uninstall|status</c>: the node as a unit of systemd.</summary>
internal static class ServiceVerb
{
    public static Command Build(GlobalOptions global) => Build(global, ServiceHost.ThisMachine);

    internal static Command Build(GlobalOptions global, ServiceHost host) => new("service", "The node as a service of systemd: it starts with the machine, and is started again whatever ends it.")
    {
        Install(global, host), Uninstall(global, host), Status(global, host),
    };

    private static Command Install(GlobalOptions global, ServiceHost host)
    {
        var site = new Option<string?>("--site") { Description = "The site the node runs; a file is copied to /etc/clawmesh-edge/sites. Without it the one node.json names.", HelpName = "NAME|FILE" };
        var adopt = new Option<string?>("--adopt") { Description = "Take over identity, trust and mesh id from the state directory of a classic node that is stopped.", HelpName = "DIR" };
        var root = new Option<string?>("--root") { Description = "An image that is being built: writes its files and starts nothing.", HelpName = "DIR" };
        var noStart = new Option<bool>("--no-start") { Description = "Enable the service, and leave it to the next boot to start it." };
        var command = new Command("install", "Install the unit with its user, groups and udev rules, enable it and start it; needs root. Can be run again.") { site, adopt, root, noStart };
        global.Report(command, (context, parsed, _) =>
        {
            RefuseStateDir(context);
            ServiceHost target = parsed.GetValue(root) is { } image ? host with { Root = Path.GetFullPath(image), IsImage = true } : host;
            return Task.FromResult<IReport>(new ServiceInstaller(target).Install(new InstallRequest(parsed.GetValue(site), parsed.GetValue(adopt), !parsed.GetValue(noStart))));
        });
        return command;
    }

    private static Command Uninstall(GlobalOptions global, ServiceHost host)
    {
        var purge = new Option<bool>("--purge") { Description = "Remove the node's memory, its configuration and its releases too: identity, trust and journal are gone for good." };
        var command = new Command("uninstall", "Stop the node with its outputs safe, and remove what install wrote; needs root. What the node remembers stays.") { purge };
        global.Report(command, (_, parsed, _) => Task.FromResult<IReport>(new ServiceRemover(host).Uninstall(parsed.GetValue(purge))));
        return command;
    }

    private static Command Status(GlobalOptions global, ServiceHost host)
    {
        var command = new Command("status", "What systemd says of the service, and which version runs; exit 1 when it does not run.");
        global.Report(command, (_, _, _) => Task.FromResult<IReport>(ServiceStatusReport.Read(host)));
        return command;
    }

    // The unit has one place for its state; a flag that has no effect would be believed.
    private static void RefuseStateDir(CliContext context)
    {
        if (context.State.Origin != "--state-dir") return;
        throw new EdgeException(
            ErrorCodes.Usage, "Did not install the service.", $"--state-dir has no meaning here; the service keeps its state in {Config.StateDirectory.Service}.", "Leave it out; --adopt DIR takes an identity over.", FailureClass.Config);
    }
}
