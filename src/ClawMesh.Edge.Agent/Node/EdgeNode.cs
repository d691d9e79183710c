using System.Security.Cryptography;
using System.Text;
using ClawMesh.Edge.Agent.Cli;
using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Agent.Forecasting;
using ClawMesh.Edge.Agent.Llm;
using ClawMesh.Edge.Agent.LocalApi;
using ClawMesh.Edge.Agent.Recorder;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Frames;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Core.Rpc;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Buses;
using ClawMesh.Edge.Hardware.Host;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.Hardware.Sites;
using ClawMesh.Edge.Journal.Frames;
using ClawMesh.Edge.Mesh;
using ClawMesh.Edge.Mesh.Capabilities;
using ClawMesh.Edge.Mesh.Peers;
using ClawMesh.Edge.Journal;
using ClawMesh.Edge.Trust.Desk;
using ClawMesh.Edge.Trust;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>
/// The wiring diagram: plain constructor calls in start order, disposed in reverse. Outputs are at their safe value before
/// anything else is asked of the machine, and long before the network listens.
/// </summary>
internal sealed partial class EdgeNode : IAsyncDisposable
{
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(3);

    private readonly List<Task> _tasks = [];
    private readonly List<(Task Task, Action Finish)> _last = [];
    private readonly CancellationTokenSource _stop = new();
    private NodeLock? _lock;
    private SiteHardware? _hardware;
    private DeviceIdentity? _identity;
    private LocalServer? _local;
    private MeshDoor? _door;
    private SentCommands? _sentCommands;
    private Watchdogs? _watchdogs;
    private FlightRecorder? _recorder;
    private readonly TaskCompletionSource _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IReadOnlyList<OutputSafeResult> _atStart = [];
    private byte[] _activeSite = [];
    private bool _siteOnDisk;
    private bool _recovered;
    private bool _listening;

    private EdgeNode(NodeOptions options, TimeProvider system)
    {
        Options = options;
        Time = new NodeClock(system);
        Events = new EventLog(Time);
        Subsystems = new SubsystemBoard(Events);
        StartedTimestamp = Time.GetTimestamp();
    }

    public NodeOptions Options { get; private set; }

    public NodeClock Time { get; }

    public EventLog Events { get; }

    public SubsystemBoard Subsystems { get; }

    public Site Site { get; private set; } = null!;

    public NodeId DeviceId { get; private set; }

    public IReadOnlyList<ISensor> Sensors { get; private set; } = [];

    public LatestReadings Latest { get; private set; } = null!;

    public MeshNode Mesh { get; private set; } = null!;

    /// <summary>What the mesh found when it looked at its configuration ([W-166]).</summary>
    public IReadOnlyList<MeshDiagnostic> MeshDiagnostics { get; private set; } = [];

    public FrameFlow Frames { get; private set; } = null!;

    public FrameFactory Factory { get; private set; } = null!;

    public NodeWorld World { get; private set; } = null!;

    /// <summary>What the node expects of its site, and what it would do about it.</summary>
    public SiteOutlook Outlook { get; private set; } = null!;

    public ActuationJournal Journal { get; private set; } = null!;

    public FrameArchive Archive => Journal.Frames;

    public ClockKeeper Clock { get; private set; } = null!;

    public ActuationDesk Desk { get; private set; } = null!;

    public ReadinessBoard Readiness { get; private set; } = null!;

    public RpcDispatcher Rpc { get; } = new();

    public IReadOnlyList<string> LocalCapabilities { get; private set; } = [];

    /// <summary>Answers for the model this node serves; null where none is configured.</summary>
    public LlmDesk? Llm { get; private set; }

    public long StartedTimestamp { get; }

    public DateTimeOffset StartedAt { get; private set; }

    public TimeSpan Uptime => Time.GetElapsedTime(StartedTimestamp);

    public string ListeningOn => _door?.Endpoint ?? "";

    /// <summary>What was done to the outputs lately.</summary>
    public ActuatorHistory History { get; } = new();

    /// <summary>When commands for peers were created.</summary>
    public SentCommands PeerCommandTimes => _sentCommands ??= new SentCommands(Options.State);

    /// <summary>Who may speak with this node; edited by <c>trust</c>.</summary>
    public TrustedPeersFile Trust { get; private set; } = null!;

    /// <summary>The mesh this node belongs to, and those it knows; edited by <c>meshes</c>.</summary>
    public KnownMeshesFile Meshes { get; private set; } = null!;

    public string SocketPath => _local?.Path ?? "";

    /// <summary>What priority the safety threads obtained, in words.</summary>
    public string SafetyScheduling { get; private set; } = "normal";

    public string Version { get; } = BuildFacts.Version;

    public Guid NewId() => Guid.NewGuid();

    /// <summary>Starts a node. What was started is stopped again when a later step fails.</summary>
    /// <exception cref="EdgeException">The site is wrong, another node runs here, the identity is unreadable, the port is busy.</exception>
    /// <param name="onCreated">Called before the first step, so that a log can hear all of them.</param>
    public static async Task<EdgeNode> StartAsync(NodeOptions options, TimeProvider system, CancellationToken cancellationToken, Action<EdgeNode>? onCreated = null)
    {
        var node = new EdgeNode(options, system);
        onCreated?.Invoke(node);
        try
        {
            await node.StartAsync(cancellationToken);
            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Faults when a loop of the node ended by a bug. A node that has lost a part it does not know how to live without is better
    /// stopped, with its outputs safe, than believed.
    /// </summary>
    public Task Failed => _failed.Task;

    /// <summary>Hands the node a task to await at its end, after everything else has stopped.</summary>
    /// <param name="finish">Asks the task to end.</param>
    public void Own(Task task, Action finish) => _last.Add((task, finish));

    /// <summary>False when an output could not be confirmed at its safe value while the node stopped; known after disposal.</summary>
    public bool StoppedSafe { get; private set; } = true;

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        StateDirectory state = Options.State;
        UnixMode.CreateDirectory(state.Path, UnixMode.OwnerOnlyDirectory);
        _lock = NodeLocks.Acquire(state);

        Site = Sites.Load(Options.Site);
        Sites.RequireNoConflict(Site);
        _activeSite = ActiveSite.Write(Site, Sites.Boards);
        string? siteNotWritten = TryWriteActiveSite();
        _hardware = HardwareFactory.Build(Site, state.Path, Options.SimSeed, Options.SimRate, Time, LinuxPorts.ThisMachine, Sites.BoardOf(Site));
        _atStart = await StartupSafety.MakeAllSafeAsync(_hardware.Actuators, Time);
        StartupTrace.Mark("outputs-safe");

        _identity = DeviceIdentity.LoadOrCreate(state.Path, Time);
        DeviceId = _identity.DeviceId;
        Meshes = new KnownMeshesFile(state.Path, Options.MeshName, Time, NewId, () => Trust);

        Clock = new ClockKeeper(Time, state.ClockFile, () => Journal?.NewestRecordAt, () => Mesh?.ClockVote, () => Journal?.LatestTime);
        Journal = ActuationJournal.Open(
            state.Path, _identity.Signer, new Ed25519Verifier(), () => Clock.Class, Time, () => RandomNumberGenerator.GetBytes(16),
            Options.Journal);
        Clock.Start();
        StartedAt = Time.GetUtcNow();

        Sensors = [.. _hardware.Sensors, .. HostSensors.Discover("/", Time, [state.Path]).Select(s => HostBus.Separate(s, _hardware.Buses))];
        Latest = new LatestReadings(Sensors);
        FrameFactory factory = Factory = new FrameFactory(DeviceId, Options.Name, Time, NewId);
        Frames = new FrameFlow(factory, (frame, messageClass) => Mesh.Tell(frame, messageClass), Time, Options.ReportInterval);
        World = new NodeWorld(this, factory);
        Outlook = SiteOutlook.Open(this);
        World.Forecasts = () => Outlook.Forecasts.All;

        IReadOnlyList<(IActuator, OutputPolicy)> outputs = [.. _hardware.Actuators.Zip(Site.Actuators, (a, binding) => (a, binding.Policy))];
        Readiness = new ReadinessBoard(
            Subsystems, Journal, NeededSensors(), () => Desk is not null && Desk.Safety.SinceLastTick < TimeSpan.FromSeconds(1), () => _recovered, Events);
        _watchdogs = Watchdogs.Open(Options, Events);
        _recorder = NodeRecorder.Open(this, _hardware.Actuators);
        Desk = new ActuationDesk(
            DeviceId, outputs, Journal, Journal.Settings, Latest, Readiness, Clock, Events, new ActuationFrames(factory, Frames, History, Events, Site.Simulated), Time,
            new DeskOptions
            {
                MeshId = () => Meshes.MeshId, Verifier = new Ed25519Verifier(), TrustOf = device => Trust?.Entries.GetValueOrDefault(device.Value),
                SignedTargets = Options.SignedTargets, Freshness = Options.CommandFreshness, SafetyTick = Options.SafetyTick, OutputsAreReal = !Site.Simulated,
                Heartbeats = _watchdogs.Heartbeats, WithholdBeatWhenBusBlocked = Options.WatchdogWithhold,
                Veto = Outlook.Veto, VetoMode = Options.Veto, Tap = _recorder?.Tap,
            },
            () => Journal.ResetAt, () => SafetyScheduling = Hardware.Linux.SafetyScheduling.RaiseForSafety());

        Advertise(null);
        _door = MeshDoor.Open(this, _identity, factory);
        (Mesh, Trust, MeshDiagnostics) = (_door.Mesh, _door.Trust, _door.Diagnostics);
        DeclareOutputs(_atStart);
        await TryRecoverAsync(cancellationToken);
        StartLoops();
        await ListenAsync();
        AnnounceStart();
        if (siteNotWritten is not null) Warn("site", siteNotWritten);
    }

    // What is said of a model in the configuration is no proof that there is one ([W-143]).
    private void Advertise(string? served)
    {
        List<string> configured = [.. Options.Capabilities.Where(c => !c.StartsWith("llm:", StringComparison.Ordinal))];
        if (served is not null) configured.Insert(0, served);
        LocalCapabilities = CapabilityList.Advertise([.. Site.Actuators.Select(a => a.Policy.Actuator.Value)], configured, [.. Site.Sensors.Select(s => s.Info.Id.Value)]);
    }

    private void ServeModel(LlmOptions options)
    {
        if (options.Model.Length == 0)
        {
            Warn("llm", "llm.url is set and llm.model is not; no model is served. Set it to a name that the server lists.");
            return;
        }

        var server = new ModelServer(options.Endpoint, options.Endpoint.ConnectAsync);
        Llm = new LlmDesk(server, options, Time);
        var service = new LlmService(server, Llm, options, Subsystems.Declare("llm", "service"), Advertise, Events, Time);
        service.Register(Rpc);
        Watch(service.RunAsync(_stop.Token));
    }

    private string? TryWriteActiveSite()
    {
        string? problem = ActiveSiteFile.TryWrite(Options.State, _activeSite);
        _siteOnDisk = problem is null;
        return problem;
    }

    private IReadOnlySet<string> NeededSensors() =>
        Site.Actuators.SelectMany(a => a.Policy.Requires.Select(r => r.Sensor.Value)).ToHashSet();

    private void DeclareOutputs(IReadOnlyList<OutputSafeResult> atStart)
    {
        foreach ((ActuatorId id, SafeResult result) in atStart)
        {
            Subsystem output = Subsystems.Declare(id.Value, "actuator");
            if (result.Confirmed)
            {
                output.Start();
                continue;
            }

            output.Become(DriverState.Validated);
            output.Become(DriverState.Blocked, result.Detail, FailureClass.BusIo);
        }
    }

    /// <summary>Closes the earlier life. Without a journal it is tried again when the journal comes back; until then nothing is armed.</summary>
    private async Task TryRecoverAsync(CancellationToken cancellationToken)
    {
        try
        {
            // The disk may have come back together with the journal; before anything is armed safe-state must know what runs here.
            if (!_siteOnDisk && TryWriteActiveSite() is { } still) Warn("site", still);
            await Desk.RecoverAsync(_atStart, cancellationToken);
            _atStart = [];
            _recovered = true;
        }
        catch (EdgeException unavailable) when (unavailable.Code == GateCodes.JournalUnavailable)
        {
            _recovered = false;
        }
    }

    private void StartLoops()
    {
        foreach (ISensor sensor in Sensors)
        {
            Subsystem subsystem = Subsystems.Declare(sensor.Info.Id.Value, "sensor");
            Watch(new SensorLoop(sensor, subsystem, Latest, Frames, Events, Time).RunAsync(_stop.Token));
        }

        if (_hardware!.Farm is { } farm) Watch(FarmLoop.RunAsync(farm, Subsystems.Declare("simulated farm", "subsystem"), Events, Time, _stop.Token));
        Watch(new JournalWatch(Journal, Subsystems.Declare("journal", "subsystem"), () => TryRecoverAsync(_stop.Token), Events, Time).RunAsync(_stop.Token));
        Watch(Outlook.RunAsync(_stop.Token));
        Watch(new TwinFeed(World.Twin, Mesh.World, DeviceId, new OwnSight(this).Look, Events, Time).RunAsync(_stop.Token));
        Watch(JournalInspection.RunAsync(Options.State.Path, _identity!.PublicKey, new Ed25519Verifier(), Events, _stop.Token));
        Watch(ReportReadinessAsync());
        if (_recorder is not null) Watch(_recorder.RunAsync(_stop.Token));
    }

    /// <summary>Awaits a loop when the node stops; one that ends by a bug ends the node.</summary>
    private void Watch(Task loop) => _tasks.Add(loop.ContinueWith(
        ended =>
        {
            if (ended.Exception is not { } bug) return;
            _failed.TrySetException(bug.InnerExceptions);
            Events.Publish(new EdgeEvent(0, default, EventTypes.Error, EventSeverity.Error, "node", $"A part of the node failed and the node stops: {bug.InnerException!.Message}", FailureClass.Infra, OperatorOnly: true));
        },
        CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default));

    private async Task ReportReadinessAsync()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1), Time);
        var memory = new MemoryTrim(Desk.IsAtRest, Time);
        var clock = new ClockWatch(Clock.Facts, Events, Time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                Readiness.Report();
                // Looked at regularly, not only when somebody asks: NTP may have stepped the system's clock.
                clock.Look();
                memory.Look();
            }
        }
        catch (OperationCanceledException)
        {
            return;
        }
    }

    private async Task ListenAsync()
    {
        NodeMethods.Register(Rpc, this);
        (Rpc.Told, Rpc.Faulted) = (TellFault, TellBug);
        if (Options.Llm is { } llm) ServeModel(llm);
        Subsystem local = Subsystems.Declare("local socket", "subsystem");
        _local = LocalServer.Start(Options.State, Rpc, Events);
        local.Start();
        StartupTrace.Mark("local-socket");
        Subsystem port = Subsystems.Declare("mesh", "subsystem");
        await _door!.ListenAsync();
        port.Start();
        StartupTrace.Mark("port-listening");
        Watch(_door.TickAsync(_stop.Token));
        Watch(_door.DiscoverAsync(_stop.Token));
    }

    private void AnnounceStart()
    {
        _listening = true;
        _watchdogs!.Ready($"site {Site.Name}, {Site.Actuators.Count} outputs safe, {Sensors.Count} sensors, port {ListeningOn}");
        Events.Publish(new EdgeEvent(
            0, default, EventTypes.Startup, EventSeverity.Info, "node",
            $"Listening on {(Options.TlsListen ? "wss" : "ws")}://{ListeningOn}; node {DeviceId.Abbreviated}, site {Site.Name}{(Site.Simulated ? " (simulated)" : "")}, {Site.Actuators.Count} outputs safe, {Sensors.Count} sensors."));
        if (_identity!.Correction is { } correction) Warn("identity", correction);
        foreach (string warning in _identity.Warnings) Warn("identity", warning);
        if (CpuFeatures.Check() is { } older) Warn("cpu", older);
        _door!.Announce();
        if (HealthFile.PathFor(Environment.GetEnvironmentVariable) is { } health) Watch(ReportHealthAsync(health));
    }

    public void Warn(string subject, string message) =>
        Events.Publish(new EdgeEvent(0, default, EventTypes.Error, EventSeverity.Warning, subject, message, FailureClass.Config, OperatorOnly: true));
}
