using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Threading.Channels;
using ClawMesh.Edge.Agent.Cli.Views;
using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Linux;
using Spectre.Console;

namespace ClawMesh.Edge.Agent.Cli.Verbs;

/// <summary><c>run</c>: the node. SIGINT and SIGTERM send the outputs to their safe state and end it with exit 0.</summary>
internal static class RunVerb
{
    // What a timer can wait for.
    private static readonly TimeSpan LongestRun = TimeSpan.FromDays(49);

    public static Command Build(GlobalOptions global)
    {
        var site = new Option<string?>("--site") { Description = "The installation: simulated, an installed name, or a file.", HelpName = "NAME|FILE" };
        var listen = new Option<string?>("--listen") { Description = "Address and port of the mesh; default 0.0.0.0:18789, port 0 lets the kernel choose.", HelpName = "HOST:PORT" };
        var name = new Option<string?>("--name") { Description = "Display name of this node.", HelpName = "NAME" };
        var role = new Option<string?>("--role") { Description = "Role in the mesh.", HelpName = "ROLE" };
        var meshName = new Option<string?>("--mesh-name") { Description = "Name of the mesh.", HelpName = "NAME" };
        var peer = new Option<string[]>("--peer") { Description = "A peer to dial: deviceId=url|fingerprint|label.", HelpName = "SPEC" };
        var noDiscovery = new Option<bool>("--no-discovery") { Description = "Do not look for peers by mDNS." };
        var capability = new Option<string[]>("--capability") { Description = "A capability to announce besides those of the site.", HelpName = "REF" };
        var simRate = new Option<double>("--sim-rate") { Description = "Simulated seconds per second; leases stay on the node's clock.", DefaultValueFactory = _ => 60, HelpName = "N" };
        var simSeed = new Option<ulong>("--sim-seed") { Description = "Seed of the simulated farm.", DefaultValueFactory = _ => 1, HelpName = "N" };
        var duration = new Option<string?>("--for") { Description = "Stop by itself after this long, e.g. 10s.", HelpName = "DURATION" };
        var logFormat = new Option<string?>("--log-format") { Description = "text, json, or journal for entries of systemd's journal; without it journal where systemd reads the output, otherwise text.", HelpName = "text|json|journal" };
        logFormat.AcceptOnlyFromAmong("text", "json", "journal");
        var command = new Command("run", "Run the node: a live table on a terminal, log lines otherwise; with --json one event object per line.")
        {
            site, listen, name, role, meshName, peer, noDiscovery, capability, simRate, simSeed, duration, logFormat,
        };
        global.Body(command, async (context, parsed, cancellationToken) =>
        {
            var flags = new Dictionary<string, (string Flag, JsonElement Value)>();
            if (parsed.GetValue(listen) is { } endpoint)
            {
                (string host, int port) = Endpoint(endpoint);
                flags[ConfigKeys.Host] = ("--listen", Text(host));
                flags[ConfigKeys.Port] = ("--listen", Json(port.ToString(CultureInfo.InvariantCulture)));
            }

            if (parsed.GetValue(name) is { } n) flags[ConfigKeys.Name] = ("--name", Text(n));
            if (parsed.GetValue(role) is { } r) flags[ConfigKeys.Role] = ("--role", Text(r));
            if (parsed.GetValue(meshName) is { } m) flags[ConfigKeys.MeshName] = ("--mesh-name", Text(m));
            if (parsed.GetValue(site) is { } s) flags[ConfigKeys.Site] = ("--site", Text(s));
            if (parsed.GetValue(noDiscovery)) flags[ConfigKeys.Discovery] = ("--no-discovery", Json("false"));
            if (parsed.GetValue(peer) is { Length: > 0 } peers) flags[ConfigKeys.StaticPeers] = ("--peer", Json($"[{string.Join(',', peers.Select(Quoted))}]"));
            if (parsed.GetValue(capability) is { Length: > 0 } capabilities) flags[ConfigKeys.Capabilities] = ("--capability", Json($"[{string.Join(',', capabilities.Select(Quoted))}]"));

            NodeConfig config = NodeConfig.Load(context.State, flags).OrThrow();
            string siteName = config.Text(ConfigKeys.Site) ?? throw new EdgeException(
                ErrorCodes.SiteMissing, "Could not start the node.", "No site is named; a node never guesses which outputs are its own.",
                "Name one with --site FILE, or try the simulated farm with --site simulated.", FailureClass.Config);
            NodeOptions options = NodeOptions.From(config, context.State, siteName) with { SimRate = Rate(parsed.GetValue(simRate)), SimSeed = parsed.GetValue(simSeed) };
            TimeSpan? limit = parsed.GetValue(duration) is { } d ? Duration(d) : null;
            LogFormat log = LogLines.Choose(parsed.GetValue(logFormat), context.Json, Environment.GetEnvironmentVariable);
            return await RunAsync(context, options, config, () => NodeConfig.Load(context.State, flags), limit, log, cancellationToken);
        });
        return command;
    }

    private static async Task<int> RunAsync(CliContext context, NodeOptions options, NodeConfig config, Func<NodeConfig> read, TimeSpan? limit, LogFormat log, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using PosixSignalRegistration sigint = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using PosixSignalRegistration sigterm = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        // A dropped ssh session and Ctrl-\ must not leave an output energised behind a dead node; systemd's SIGHUP means: read your files again.
        bool service = IsService(Environment.GetEnvironmentVariable, ProcessTerminal.HasControlling(Environment.ProcessId));
        // One place: who asks while the files are being read is answered by the next reading.
        Channel<string> reloads = Channel.CreateBounded<string>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        using PosixSignalRegistration sighup = PosixSignalRegistration.Create(PosixSignal.SIGHUP, service ? Reload : Stop);
        using PosixSignalRegistration sigquit = PosixSignalRegistration.Create(PosixSignal.SIGQUIT, Stop);
        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            try
            {
                stop.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // A second signal while the node ends: it is on its way, and the default action, cancelled above, would cut it short.
                return;
            }
        }

        void Reload(PosixSignalContext signal)
        {
            signal.Cancel = true;
            reloads.Writer.TryWrite(nameof(PosixSignal.SIGHUP));
        }

        bool live = log == LogFormat.Text && !context.Json && !Console.IsOutputRedirected;
        EdgeNode? node = null;
        try
        {
            node = await EdgeNode.StartAsync(options, context.Time, stop.Token, onCreated: created =>
            {
                if (!live) LogLines.Attach(created, context.Output, log);
                foreach (ConfigProblem warning in config.Problems) created.Warn(warning.Path, $"{warning.Path}: {warning.What} {warning.Fix}");
            });
            node.ServeReloads(config, read, reloads.Reader);
            Task until = UntilAsync(Task.Delay(limit ?? Timeout.InfiniteTimeSpan, node.Time, stop.Token), node.Failed);
            if (live) await LiveTable.RunAsync(node, context.Console, until, stop.Token);
            else await until;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // A signal: the ordinary end of a node, also while it starts.
            return node is null ? ExitCodes.Ok : await StopAsync(node);
        }
        catch (EdgeException taken) when (node is null && taken.Code is ErrorCodes.PortBusy or ErrorCodes.NodeRunning && Environment.GetEnvironmentVariable("NOTIFY_SOCKET") is { Length: > 0 })
        {
            // Elsewhere exit 2, which says "correct this" and which the unit does not try again. Whoever holds the port or the lock,
            // such as an operator's command, may let go; a node in the field then has to come back by itself.
            context.WriteError(taken);
            return ExitCodes.Failed;
        }
        catch
        {
            if (node is not null) await node.DisposeAsync();
            throw;
        }

        return await StopAsync(node);
    }

    /// <summary>Whether systemd runs this process. Its variables are inherited by whatever a service starts, a person's shell included; what has a terminal is no service.</summary>
    internal static bool IsService(Func<string, string?> environment, bool hasTerminal) =>
        !hasTerminal && (!string.IsNullOrEmpty(environment("NOTIFY_SOCKET")) || !string.IsNullOrEmpty(environment("INVOCATION_ID")));

    private static async Task<int> StopAsync(EdgeNode node)
    {
        await node.DisposeAsync();
        return node.StoppedSafe ? ExitCodes.Ok : ExitCodes.Failed;
    }

    private static async Task UntilAsync(Task limit, Task failed) => await await Task.WhenAny(limit, failed);

    private static (string Host, int Port) Endpoint(string text)
    {
        int colon = text.LastIndexOf(':');
        if (colon > 0 && int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int port))
            return (text[..colon].Trim('[', ']'), port);
        throw Usage($"--listen '{text}' is not of the form HOST:PORT.", "For example 127.0.0.1:18789.");
    }

    private static TimeSpan Duration(string text) =>
        DurationText.TryParse(text, out TimeSpan span) && span <= LongestRun
            ? span
            : throw Usage($"--for '{text}' is not a duration up to {DurationText.Format(LongestRun)}.", $"Write {DurationText.Allowed}; without --for the node runs until it is stopped.");

    private static double Rate(double rate) =>
        rate is >= Hardware.Simulated.SimulatedFarm.MinRate and <= Hardware.Simulated.SimulatedFarm.MaxRate
            ? rate
            : throw Usage($"--sim-rate is {rate.ToString(CultureInfo.InvariantCulture)}; it must be {Hardware.Simulated.SimulatedFarm.MinRate} to {Hardware.Simulated.SimulatedFarm.MaxRate}.", "The default is 60.");

    private static EdgeException Usage(string why, string fix) => new(ErrorCodes.Usage, "The command line was not understood.", why, fix, FailureClass.Config);

    private static JsonElement Text(string text) => Json(Quoted(text));

    private static string Quoted(string text) => $"\"{JsonEncodedText.Encode(text)}\"";

    private static JsonElement Json(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}
