using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.World.Twin;
using ClawMesh.Edge.Agent.Llm;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Journal;
using ClawMesh.Edge.Mesh;
using ClawMesh.Edge.Mesh.Transport;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>What one run of a node is told. Immutable.</summary>
internal sealed record NodeOptions
{
    public required StateDirectory State { get; init; }

    /// <summary>Name of an embedded or installed site, or the path of a file.</summary>
    public required string Site { get; init; }

    public required string Name { get; init; }

    public string Role { get; init; } = "field";

    public string Host { get; init; } = "0.0.0.0";

    /// <summary>0 lets the kernel choose.</summary>
    public int Port { get; init; } = 18789;

    public string? MeshName { get; init; }

    public IReadOnlyList<string> Capabilities { get; init; } = [];

    public IReadOnlyList<string> StaticPeers { get; init; } = [];

    public bool Discovery { get; init; } = true;

    public TimeSpan CommandFreshness { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Outputs whose commands from other devices must be signed ([X-50]).</summary>
    public IReadOnlyList<string> SignedTargets { get; init; } = [];

    public TimeSpan SafetyTick { get; init; } = TimeSpan.FromMilliseconds(20);

    public TimeSpan ReportInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Own frames are numbered and signed ([X-12]).</summary>
    public bool SignFrames { get; init; } = true;

    /// <summary>Frames without a signature are taken ([X-18]).</summary>
    public bool AcceptUnsigned { get; init; } = true;

    /// <summary>Between two comparisons with an Edge peer ([X-28]).</summary>
    public TimeSpan SyncInterval { get; init; } = TimeSpan.FromSeconds(60);

    public TimeSpan PingAfter { get; init; } = SendLimits.Default.PingAfter;

    /// <summary>Of each session.</summary>
    public SendLimits SendLimits => SendLimits.Default with { PingAfter = PingAfter };

    public TimeSpan DownAfter { get; init; } = MeshOptions.Default.DownAfter;

    public TimeSpan PairingWindow { get; init; } = MeshOptions.Default.PairingWindow;

    /// <summary>Messages a minute to a classic acceptor.</summary>
    public int ClassicPerMinute { get; init; } = Pace.Classic.PerMinute;

    /// <summary>What the flight recorder may take of the disk; 0 records nothing.</summary>
    public long RecorderMegabytes { get; init; } = 16;

    /// <summary>How much the node remembers ([X-32], [X-77]).</summary>
    public JournalOptions Journal { get; init; } = JournalOptions.Default;

    /// <summary><c>health</c>, <c>read</c> or <c>none</c> ([X-70]).</summary>
    public string LoopbackReadOnly { get; init; } = "health";

    public IReadOnlyList<string> AllowedOrigins { get; init; } = [];

    /// <summary>The mesh port speaks wss with the node's own certificate.</summary>
    public bool TlsListen { get; init; }

    /// <summary>The kernel watchdog the safety tick feeds; null feeds none.</summary>
    public string? WatchdogDevice { get; init; }

    public TimeSpan WatchdogTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Watchdogs hear nothing while a bus owes a safe write.</summary>
    public bool WatchdogWithhold { get; init; }

    /// <summary>A static peer that may not be dialled keeps the node from starting ([W-164]).</summary>
    public bool StrictTransport { get; init; }

    /// <summary>Messages per second that one session may send, and the burst ([W-154]).</summary>
    public long InboundPerSecond { get; init; } = 2_000;

    public long InboundBurst { get; init; } = 10_000;

    /// <summary>Of the site's clock from UTC; a simulated farm has its own time.</summary>
    public TimeSpan UtcOffset { get; init; }

    /// <summary>What forecasts may do to commands of planners and policies.</summary>
    public VetoMode Veto { get; init; } = VetoMode.Advise;

    /// <summary>The model this node serves; null for none, and one without a name where only the server is configured.</summary>
    public LlmOptions? Llm { get; init; }

    /// <summary>What a planner wants of its zones; null for the file in the state directory.</summary>
    public string? GoalsFile { get; init; }

    public ModelChoice Models { get; init; } = ModelChoice.Default;

    public ulong SimSeed { get; init; } = 1;

    /// <summary>Simulated seconds per second; leases stay on the node's clock.</summary>
    public double SimRate { get; init; } = 60;

    /// <summary>The settings of a checked configuration; the site and the simulation come from elsewhere.</summary>
    public static NodeOptions From(NodeConfig config, StateDirectory state, string site) => new()
    {
        State = state,
        Site = site,
        Name = config.Text(ConfigKeys.Name) ?? DefaultName(),
        Role = config.Text(ConfigKeys.Role)!,
        Host = config.Text(ConfigKeys.Host)!,
        Port = (int)config.Number(ConfigKeys.Port),
        MeshName = config.Text(ConfigKeys.MeshName),
        Capabilities = config.List(ConfigKeys.Capabilities),
        StaticPeers = config.List(ConfigKeys.StaticPeers),
        Discovery = config.Flag(ConfigKeys.Discovery),
        CommandFreshness = TimeSpan.FromMilliseconds(config.Number(ConfigKeys.CommandFreshnessMs)),
        SignedTargets = config.List(ConfigKeys.RequireSignature),
        SafetyTick = TimeSpan.FromMilliseconds(config.Number(ConfigKeys.SafetyTickMs)),
        ReportInterval = TimeSpan.FromMilliseconds(config.Number(ConfigKeys.ReportIntervalMs)),
        Journal = JournalOptions.Default with
        {
            MaxFrames = (int)config.Number(ConfigKeys.RetentionFrames),
            MaxClassicFrames = (int)Math.Min(config.Number(ConfigKeys.RetentionFrames), JournalOptions.Default.MaxClassicFrames),
            MaxFrameBytes = config.Number(ConfigKeys.RetentionMegabytes) * 1024 * 1024,
            SignedAge = TimeSpan.FromDays(config.Number(ConfigKeys.RetentionSignedDays)),
            ClassicAge = TimeSpan.FromHours(config.Number(ConfigKeys.RetentionClassicHours)),
            SafetyAge = TimeSpan.FromDays(config.Number(ConfigKeys.RetentionSafetyDays)),
            ReplayAge = TimeSpan.FromHours(config.Number(ConfigKeys.ReplayHours)),
        },
        RecorderMegabytes = config.Number(ConfigKeys.RecorderMegabytes),
        SignFrames = config.Flag(ConfigKeys.SignFrames),
        AcceptUnsigned = config.Flag(ConfigKeys.AcceptUnsigned),
        SyncInterval = TimeSpan.FromSeconds(config.Number(ConfigKeys.SyncIntervalSec)),
        PingAfter = TimeSpan.FromMilliseconds(config.Number(ConfigKeys.PingAfterMs)),
        DownAfter = TimeSpan.FromMilliseconds(config.Number(ConfigKeys.DownAfterMs)),
        PairingWindow = TimeSpan.FromSeconds(config.Number(ConfigKeys.PairingWindowSec)),
        ClassicPerMinute = (int)config.Number(ConfigKeys.ClassicPerMinute),
        LoopbackReadOnly = config.Text(ConfigKeys.LoopbackReadOnly)!,
        AllowedOrigins = config.List(ConfigKeys.AllowedOrigins),
        TlsListen = config.Flag(ConfigKeys.TlsListen),
        WatchdogDevice = config.Text(ConfigKeys.WatchdogDevice),
        WatchdogTimeout = TimeSpan.FromMilliseconds(config.Number(ConfigKeys.WatchdogTimeoutMs)),
        WatchdogWithhold = config.Flag(ConfigKeys.WatchdogWithhold),
        StrictTransport = config.Flag(ConfigKeys.StrictTransport),
        InboundPerSecond = config.Number(ConfigKeys.InboundPerSecond),
        InboundBurst = config.Number(ConfigKeys.InboundBurst),
        UtcOffset = WorldClock.ParseOffset(config.Text(ConfigKeys.UtcOffset)) ?? TimeSpan.Zero,
        GoalsFile = config.Text(ConfigKeys.PlannerGoals),
        Models = ModelSettings.Choice(config),
        Veto = config.Text(ConfigKeys.PlannerVeto) switch { "off" => VetoMode.Off, "enforce" => VetoMode.Enforce, _ => VetoMode.Advise },
        Llm = config.Text(ConfigKeys.LlmUrl) is { } url && LlmEndpoint.Parse(url, out _) is { } endpoint
            ? new LlmOptions(endpoint, config.Text(ConfigKeys.LlmProvider)!, config.Text(ConfigKeys.LlmModel) ?? "", (int)config.Number(ConfigKeys.LlmMaxTokens))
            : null,
    };

    /// <summary>The host name up to its first dot: classic browsers split names on dots ([W-33]).</summary>
    public static string DefaultName() => Environment.MachineName.Split('.')[0] is { Length: > 0 } host ? host : "clawmesh-edge";
}
