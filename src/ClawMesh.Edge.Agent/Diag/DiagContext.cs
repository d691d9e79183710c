using System.Text.Json;
using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Agent.Diag;

/// <summary>
/// What the checks of one run share: the state directory, its configuration, the node that may live on it, the site. Each is found
/// once, on first use, and never takes longer than its limit. Nothing here creates or changes anything in the state directory.
/// </summary>
internal sealed class DiagContext : IAsyncDisposable
{
    private static readonly TimeSpan NodeLimit = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan SiteLimit = TimeSpan.FromSeconds(1);

    private readonly Lazy<Task<NodeAnswer>> _node;
    private readonly Lazy<Task<SiteFinding>> _site;
    private readonly Lazy<Task<WiringFindings>> _wiring;
    private readonly Lazy<NodeConfig?> _config;
    private readonly Lazy<SensorBench> _bench;

    public DiagContext(StateDirectory state, TimeProvider time, bool deep, DiagHost host)
    {
        (State, Time, Deep, Host) = (state, time, deep, host);
        _config = new(LoadConfig);
        _node = new(() => LimitedAsync(() => NodeAnswer.AskAsync(state, NodeLimit), NodeLimit + TimeSpan.FromMilliseconds(250), NodeAnswer.Late));
        _site = new(() => LimitedAsync(() => Task.FromResult(SiteFinding.Find(this)), SiteLimit, SiteFinding.Late));
        _wiring = new(() => LimitedAsync(FindWiringAsync, SiteLimit, WiringFindings.Late));
        _bench = new(() => new SensorBench(this));
    }

    public StateDirectory State { get; }

    public TimeProvider Time { get; }

    public bool Deep { get; }

    public DiagHost Host { get; }

    /// <summary>The checked <c>node.json</c>, an empty one when there is none; null when this user may not read it.</summary>
    public NodeConfig? Config => _config.Value;

    public SensorBench Bench => _bench.Value;

    public Task<NodeAnswer> NodeAsync() => _node.Value;

    public Task<SiteFinding> SiteAsync() => _site.Value;

    public Task<WiringFindings> WiringAsync() => _wiring.Value;

    /// <summary>Null when the file is there and this user may read it; otherwise the skip that says why not.</summary>
    /// <param name="whenAbsent">The reason when there is no such file.</param>
    public CheckOutcome? SkipUnlessReadable(string path, string whenAbsent) =>
        PathAccess.Look(path) == PathSight.Absent ? CheckOutcome.Skip(whenAbsent) : SkipIfClosed(path);

    /// <summary>The skip that says that this user may not read a file; null when there is nothing to read, or it may.</summary>
    public CheckOutcome? SkipIfClosed(string path) => PathAccess.Look(path) switch
    {
        PathSight.Absent => null,
        PathSight.Hidden => CheckOutcome.Skip(Closed(State.Path)),
        _ => PathAccess.MayRead(path) ? null : CheckOutcome.Skip(Closed(path)),
    };

    /// <summary>For example <c>'/var/lib/clawmesh-edge' belongs to clawmesh-edge; this user may not look into it</c>.</summary>
    public string Closed(string path) =>
        $"{(PathAccess.OwnerOf(path) is { } owner ? $"'{path}' belongs to {UserName(owner.UserId)}" : $"'{path}' is closed")}; this user may not look into it";

    public string UserName(uint userId) => new UnixUsers(Host.Root).NameOf(userId) ?? $"user {userId}";

    public async ValueTask DisposeAsync()
    {
        if (_bench.IsValueCreated) await _bench.Value.DisposeAsync();
    }

    private async Task<WiringFindings> FindWiringAsync() => (await SiteAsync()).Site is { } site ? WiringFindings.Find(site, Host) : new WiringFindings([], 0, "there is no site");

    private NodeConfig? LoadConfig()
    {
        try
        {
            if (PathAccess.Look(State.NodeConfigFile) == PathSight.Hidden) return null;
            return NodeConfig.Load(State, new Dictionary<string, (string, JsonElement)>());
        }
        catch (EdgeException unreadable) when (unreadable.InnerException is UnauthorizedAccessException)
        {
            return null;
        }
    }

    private async Task<T> LimitedAsync<T>(Func<Task<T>> find, TimeSpan limit, T late)
    {
        try
        {
            return await OwnThread.Run(find).WaitAsync(limit, Time);
        }
        catch (TimeoutException)
        {
            return late;
        }
    }
}
