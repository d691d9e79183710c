using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Frames;
using ClawMesh.Edge.Core.Identity;

namespace ClawMesh.Edge.World.Twin;

/// <summary>
/// The only writer of the twin. Folds statements into slots of its own, which costs a look-up and a few stores, and makes the
/// immutable picture when somebody asks for it. What this node says itself is never replaced by a peer's word: that stands beside, as
/// <c>zone:NAME@DEVICE</c>. Thread-safe.
/// </summary>
public sealed partial class TwinWriter : ITwinReader
{
    /// <summary>Name of the property that holds an output's state: 0, 1, or the ratio between.</summary>
    public const string State = "state";

    /// <summary>How an output's last command ended: its operation and the wire's word, as in <c>open done</c>.</summary>
    public const string Outcome = "outcome";

    private static readonly string[] OwnSources = ["device"];
    private static readonly TimeSpan NoteRefresh = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly string _self;
    private readonly TimeProvider _time;
    private readonly IWorldClock _world;
    private readonly TwinLimits _limits;
    private readonly Action<string>? _warn;
    private readonly StatementReader _reader = new();
    private readonly Dictionary<string, EntitySlot>[] _byKind = new Dictionary<string, EntitySlot>[5];
    private readonly Dictionary<string, EntitySlot> _byId = new(StringComparer.Ordinal);
    private TwinSnapshot _current;
    private volatile bool _dirty;
    private long _nowMs;
    private long _folded;
    private long _late;
    private long _fromFuture;
    private long _unreadable;

    /// <param name="warn">Called once for each bound that was reached, with a sentence for people; must not throw.</param>
    public TwinWriter(NodeId self, TimeProvider time, IWorldClock world, Action<string>? warn = null, TwinLimits? limits = null)
    {
        (_self, _time, _world, _warn, _limits) = (self.Value, time, world, warn, limits ?? TwinLimits.Default);
        for (int kind = 0; kind < _byKind.Length; kind++) _byKind[kind] = new Dictionary<string, EntitySlot>(StringComparer.Ordinal);
        _current = new TwinSnapshot(0, time.GetUtcNow(), new Dictionary<string, TwinEntity>());
    }

    /// <summary>The picture as it is now. Made anew only when something changed since it was asked for last.</summary>
    public TwinSnapshot Current
    {
        get
        {
            if (!_dirty) return Volatile.Read(ref _current);
            lock (_lock)
            {
                if (_dirty) Publish();
                return _current;
            }
        }
    }

    public TwinCounts Counts
    {
        get
        {
            lock (_lock)
            {
                int properties = 0;
                foreach (EntitySlot entity in _byId.Values) properties += entity.Properties.Count;
                return new TwinCounts(_byId.Count, properties, _histories, _folded, _late, _fromFuture, _unreadable, _evicted, _refused);
            }
        }
    }

    /// <summary>Takes in a frame. False when it changed nothing that is current.</summary>
    /// <param name="believed">The tier this node believes, at most the stated one.</param>
    /// <param name="own">This node said it.</param>
    /// <param name="verifiedHlc">The frame's hybrid time, when its signature was verified.</param>
    public bool Fold(ContextFrame frame, EvidenceTier believed, bool own, string? verifiedHlc = null)
    {
        lock (_lock) return Take(_reader.Read(frame), believed, own, verifiedHlc);
    }

    /// <summary>The same, of the frame's JSON text.</summary>
    public bool Fold(ReadOnlySpan<byte> frame, EvidenceTier believed, bool own, string? verifiedHlc = null)
    {
        lock (_lock) return Take(frame.Length <= _limits.FrameBytes && _reader.Read(frame), believed, own, verifiedHlc);
    }

    /// <summary>
    /// What this node sees by itself, without a frame: the state of an output, how a peer does. Said again with the same value it only
    /// stays fresh, and keeps the frame that said it first.
    /// </summary>
    /// <param name="name">Of the entity, without its kind; an actuator's ref.</param>
    public void Note(EntityKind kind, string name, string property, double? value, string? text, bool simulated = false)
    {
        lock (_lock)
        {
            if (Entity(kind, name, own: true) is not { } entity || Property(entity, property, own: true) is not { } slot) return;
            bool same = slot.Own && Nullable.Equals(slot.Value, value) && slot.Text == text;
            if (same && slot.Arrived != 0 && _time.GetElapsedTime(slot.Arrived) < NoteRefresh && slot.Freshness == Freshness.Fresh) return;
            string frameId = same ? slot.FrameId : "";
            long nowMs = NowMs;
            Store(entity, slot, FrameOrder.Of(nowMs, frameId), own: true, EvidenceTier.OperationalObservation, OwnSources, _self, frameId, nowMs, nowMs);
            (slot.Value, slot.Text, slot.Unit, slot.Simulated) = (value, text, "", simulated);
        }
    }

    /// <summary>Looks at the ages, once a second. A new picture comes of it only where something is no longer as fresh as it was.</summary>
    public void Age()
    {
        lock (_lock)
        {
            long now = _time.GetTimestamp();
            long step = StepOf(_world.Now.Ticks);
            foreach (EntitySlot entity in _byId.Values)
            {
                foreach (PropertySlot slot in entity.Properties.Values) Age(entity, slot, now, step);
            }
        }
    }

    private long NowMs => _time.GetUtcNow().ToUnixTimeMilliseconds();

    private void Age(EntitySlot entity, PropertySlot slot, long now, long step)
    {
        Freshness freshness = Classification.FreshnessOf(slot.AgeThenMs + _time.GetElapsedTime(slot.Arrived, now).TotalMilliseconds);
        if (freshness != slot.Freshness)
        {
            slot.Freshness = freshness;
            Changed(entity, slot);
        }

        // A state is said when it changes; its mean over a step is the part of the step in which it held.
        if (entity.Kind != EntityKind.Actuator || slot.Name != State || slot.Value is not { } state || freshness == Freshness.Expired) return;
        if (HistoryOf(slot) is not { } history) return;
        history.Add(step, step, state);
        history.LastHeard = now;
    }

    private bool Take(bool read, EvidenceTier believed, bool own, string? verifiedHlc)
    {
        if (!read)
        {
            _unreadable++;
            return false;
        }

        Statement said = _reader.Said;
        long nowMs = _nowMs = NowMs;
        FrameOrder order = FrameOrder.Of(said.TimestampMs, said.FrameId, verifiedHlc);
        if (Math.Max(order.Ms, said.TimestampMs) > nowMs + _limits.FutureToleranceMs)
        {
            _fromFuture++;
            return false;
        }

        Heard(said, order, believed, own, nowMs);
        if (said is { Zone: { Length: > 0 } zone, Metric: { Length: > 0 } metric }) return Observed(said, zone, metric, order, believed, own, nowMs);
        return said is { Kind: FrameKinds.Event, Type: "actuation.state" or "actuation.result", TargetRef: { Length: > 0 } target }
            && !Classification.IsForecast(said.Kind, said.FromModel, believed)
            && Acted(said, target, order, believed, own, nowMs);
    }

    // Whoever speaks is there.
    private void Heard(Statement said, in FrameOrder order, EvidenceTier believed, bool own, long nowMs)
    {
        if (Entity(EntityKind.Node, said.Origin, own) is not { } node) return;
        if (Newer(node, "heard", order, own) is { } heard)
        {
            Store(node, heard, order, own, believed, OwnSources, said.Origin, said.FrameId, said.TimestampMs, nowMs);
            heard.Text = said.Kind;
        }

        if (said.OriginName is not { Length: > 0 } name || Newer(node, "name", order, own) is not { } called) return;
        Store(node, called, order, own, believed, OwnSources, said.Origin, said.FrameId, said.TimestampMs, nowMs);
        called.Text = name;
    }

    private bool Observed(Statement said, string zone, string metric, in FrameOrder order, EvidenceTier believed, bool own, long nowMs)
    {
        EntityKind kind = Classification.KindOf(zone, metric, said.Unit, said.Sensor);
        string name = kind == EntityKind.Node ? said.Origin : zone;
        string property = kind == EntityKind.Node ? _reader.Kept(Classification.PropertyOf(kind, metric, said.Sensor)) : metric;
        bool forecast = Classification.IsForecast(said.Kind, said.FromModel, believed);
        if (forecast) property = _reader.Kept($"{Classification.ForecastPrefix}{property}");
        else if (said.Kind != FrameKinds.Observation) return false;
        if (Place(kind, name, property, own) is not { } place) return false;

        (EntitySlot entity, PropertySlot slot) = place;
        int newer = Compare(slot, order, own);
        // What a peer said of it before this node did is another instrument's.
        if (own && !slot.Own) Forget(slot);
        if (newer != 0 && !forecast && said.Value is { } number && kind != EntityKind.Node) Remember(slot, number, said.TimestampMs, nowMs);
        if (newer <= 0)
        {
            _late++;
            return false;
        }

        Store(entity, slot, order, own, forecast ? EvidenceTier.PlanningInference : believed, said.Sources, said.Origin, said.FrameId, said.TimestampMs, nowMs);
        (slot.Value, slot.Unit, slot.Simulated) = (said.Value, said.Unit, said.Simulated);
        slot.Text = forecast
            ? said.HorizonMinutes is { } minutes ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"in {minutes:0} min") : null
            : said.Value is null ? said.Status : null;
        return true;
    }

    private bool Acted(Statement said, string target, in FrameOrder order, EvidenceTier believed, bool own, long nowMs)
    {
        bool stored = false;
        if (said.Outcome is { } outcome && Place(EntityKind.Actuator, target, Outcome, own) is { } ended && Compare(ended.Slot, order, own) > 0)
        {
            Store(ended.Entity, ended.Slot, order, own, believed, said.Sources, said.Origin, said.FrameId, said.TimestampMs, nowMs);
            (ended.Slot.Text, ended.Slot.Simulated) = (said.Operation is { Length: > 0 } operation ? _reader.Kept($"{operation} {outcome}") : outcome, said.Simulated);
            stored = true;
        }

        if (OutputValue.Parse(said.State) is not { } state || Place(EntityKind.Actuator, target, State, own) is not { } place) return stored;
        (EntitySlot entity, PropertySlot slot) = place;
        if (Compare(slot, order, own) > 0)
        {
            Store(entity, slot, order, own, believed, said.Sources, said.Origin, said.FrameId, said.TimestampMs, nowMs);
            (slot.Value, slot.Text, slot.Unit, slot.Simulated) = (state.Ratio, state.ToString(), "", said.Simulated);
            return true;
        }

        _late++;
        // The node saw its own output move before the frame about it came: the frame is what stands behind the state.
        if (!own || !slot.Own || slot.FrameId.Length > 0 || slot.Value != state.Ratio) return stored;
        slot.FrameId = said.FrameId;
        Changed(entity, slot);
        return true;
    }

    private void Store(EntitySlot entity, PropertySlot slot, in FrameOrder order, bool own, EvidenceTier tier, IReadOnlyList<string> sources, string origin, string frameId, long timestampMs, long nowMs)
    {
        (slot.Order, slot.Own, slot.Tier, slot.Sources, slot.Origin, slot.FrameId, slot.TimestampMs) = (order, own, tier, sources, origin, frameId, timestampMs);
        slot.Arrived = _time.GetTimestamp();
        slot.AgeThenMs = Math.Max(0, nowMs - timestampMs);
        slot.Freshness = Classification.FreshnessOf(slot.AgeThenMs);
        entity.Arrived = slot.Arrived;
        entity.Own |= own;
        _folded++;
        Changed(entity, slot);
    }

    private void Changed(EntitySlot entity, PropertySlot slot)
    {
        slot.Changed();
        entity.Changed();
        _dirty = true;
    }

    private void Publish()
    {
        var entities = new Dictionary<string, TwinEntity>(_byId.Count, StringComparer.Ordinal);
        foreach ((string id, EntitySlot entity) in _byId)
        {
            // One that came and had no room for any of its properties.
            if (entity.Properties.Count > 0) entities.Add(id, entity.Show());
        }

        Volatile.Write(ref _current, new TwinSnapshot(_current.Version + 1, _time.GetUtcNow(), entities));
        _dirty = false;
    }
}
