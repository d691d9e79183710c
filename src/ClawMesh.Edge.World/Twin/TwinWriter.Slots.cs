namespace ClawMesh.Edge.World.Twin;

/// <summary>
/// Where things stand, and who gives way. Full of entities or properties: one that is expired and not this node's own goes, the longest
/// silent first; without such a one the newcomer is refused, unless it is the node's own, which takes the place of the longest silent
/// other. Full of histories: the same. So a flood of new names cannot push out what is alive.
/// </summary>
public sealed partial class TwinWriter
{
    private const int PeerDigits = 12;

    private static readonly TimeSpan TryAgain = TimeSpan.FromSeconds(1);

    private int _histories;
    private long _evicted;
    private long _refused;
    private long _noEntityUntil;
    private bool _entitiesTold;
    private bool _propertiesTold;
    private bool _historiesTold;

    /// <inheritdoc/>
    /// <remarks>The last value belongs to the step that runs now, and is a gap until something was heard in it.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">The step is no whole multiple of <see cref="TwinLimits.HistoryStep"/>.</exception>
    public int History(string entity, string property, TimeSpan step, Span<float> values)
    {
        if (step <= TimeSpan.Zero || step.Ticks % _limits.HistoryStep.Ticks != 0)
            throw new ArgumentOutOfRangeException(nameof(step), step, $"A history has steps of {_limits.HistoryStep} or whole multiples of it.");
        lock (_lock)
        {
            if (_byId.TryGetValue(entity, out EntitySlot? found) && found.Properties.TryGetValue(property, out PropertySlot? slot) && slot.History is { } history)
                return history.Read(StepOf(_world.Now.Ticks), (int)Math.Min(step.Ticks / _limits.HistoryStep.Ticks, _limits.HistorySteps), values);
        }

        values.Fill(float.NaN);
        return 0;
    }

    // The slot a statement belongs to. A peer's word about what this node says itself has a place of its own.
    private Spot? Place(EntityKind kind, string name, string property, bool own)
    {
        if (Entity(kind, name, own) is not { } entity) return null;
        if (!own && kind != EntityKind.Node && entity.Properties.TryGetValue(property, out PropertySlot? known) && known.Own)
        {
            string origin = _reader.Said.Origin;
            if (Entity(kind, _reader.Kept($"{name}@{origin.AsSpan(0, Math.Min(PeerDigits, origin.Length))}"), own) is not { } beside) return null;
            entity = beside;
        }

        return Property(entity, property, own) is { } slot ? new Spot(entity, slot) : null;
    }

    private PropertySlot? Newer(EntitySlot entity, string property, in FrameOrder order, bool own) =>
        Property(entity, property, own) is { } slot && Compare(slot, order, own) > 0 ? slot : null;

    // The node's own word replaces whatever a peer said before; a peer's never replaces the node's own. What lies in the future since
    // the clock was set back gives way to anything.
    private int Compare(PropertySlot slot, in FrameOrder order, bool own) =>
        slot.Arrived == 0 || (own && !slot.Own) ? 1 : !own && slot.Own ? -1 : slot.Order.Ms > _nowMs + _limits.FutureToleranceMs ? 1 : order.CompareTo(slot.Order);

    private EntitySlot? Entity(EntityKind kind, string name, bool own)
    {
        Dictionary<string, EntitySlot> entities = _byKind[(int)kind];
        if (entities.TryGetValue(name, out EntitySlot? known)) return known;
        if (_byId.Count >= _limits.Entities && !MakeRoom(own)) return null;
        var entity = new EntitySlot(kind, name) { Own = own, Arrived = _time.GetTimestamp() };
        // Two names of an actuator, with and without its prefix, are one.
        if (_byId.TryGetValue(entity.Id, out known)) return known;
        entities.Add(name, entity);
        _byId.Add(entity.Id, entity);
        return entity;
    }

    private PropertySlot? Property(EntitySlot entity, string property, bool own)
    {
        if (entity.Properties.TryGetValue(property, out PropertySlot? known)) return known;
        int limit = entity.Kind == EntityKind.Node ? _limits.PropertiesPerNode : _limits.PropertiesPerEntity;
        if (entity.Properties.Count >= limit && !MakeRoom(entity, own))
        {
            _refused++;
            Tell(ref _propertiesTold, $"'{entity.Id}' has {limit} properties already; '{property}' and what else comes is left out of the twin.");
            return null;
        }

        var slot = new PropertySlot(property);
        entity.Properties.Add(property, slot);
        return slot;
    }

    private bool MakeRoom(bool own)
    {
        long now = _time.GetTimestamp();
        EntitySlot? victim = null;
        // A flood of names must not make each of them cost a look at everything.
        if (own || now >= _noEntityUntil)
        {
            foreach (EntitySlot entity in _byId.Values)
            {
                if (!entity.Own && (own || IsExpired(entity)) && (victim is null || entity.Arrived < victim.Arrived)) victim = entity;
            }
        }

        if (victim is null)
        {
            if (now >= _noEntityUntil) _noEntityUntil = now + (long)(TryAgain.TotalSeconds * _time.TimestampFrequency);
            _refused++;
            Tell(ref _entitiesTold, $"The twin holds {_limits.Entities} entities, all of them alive; what else comes is left out of it.");
            return false;
        }

        foreach (PropertySlot slot in victim.Properties.Values) Forget(slot);
        _byKind[(int)victim.Kind].Remove(victim.Name);
        _byId.Remove(victim.Id);
        _evicted++;
        _dirty = true;
        return true;
    }

    private bool MakeRoom(EntitySlot entity, bool own)
    {
        PropertySlot? victim = null;
        foreach (PropertySlot slot in entity.Properties.Values)
        {
            if (!slot.Own && (own || slot.Freshness == Freshness.Expired) && (victim is null || slot.Arrived < victim.Arrived)) victim = slot;
        }

        if (victim is null) return false;
        Forget(victim);
        entity.Properties.Remove(victim.Name);
        entity.Changed();
        _evicted++;
        _dirty = true;
        return true;
    }

    private static bool IsExpired(EntitySlot entity)
    {
        foreach (PropertySlot slot in entity.Properties.Values)
        {
            if (slot.Freshness != Freshness.Expired) return false;
        }

        return true;
    }

    private void Remember(PropertySlot slot, double value, long timestampMs, long nowMs)
    {
        if (HistoryOf(slot) is not { } history) return;
        long siteNow = _world.Now.Ticks;
        long siteThen = siteNow - (long)(Math.Max(0, nowMs - timestampMs) * TimeSpan.TicksPerMillisecond * _world.Rate);
        history.Add(StepOf(siteThen), StepOf(siteNow), value);
        history.LastHeard = _time.GetTimestamp();
    }

    private HistoryRing? HistoryOf(PropertySlot slot)
    {
        if (slot.History is not null) return slot.History;
        long now = _time.GetTimestamp();
        if (now < slot.NoHistoryUntil) return null;
        if (_histories >= _limits.Histories && !MakeHistoryRoom(slot.Own))
        {
            slot.NoHistoryUntil = now + (60 * _time.TimestampFrequency);
            _refused++;
            Tell(ref _historiesTold, $"The twin keeps {_limits.Histories} histories; what else comes has a current value only.");
            return null;
        }

        _histories++;
        return slot.History = new HistoryRing(_limits.HistorySteps) { LastHeard = now };
    }

    private bool MakeHistoryRoom(bool own)
    {
        PropertySlot? victim = null;
        foreach (EntitySlot entity in _byId.Values)
        {
            foreach (PropertySlot slot in entity.Properties.Values)
            {
                if (slot.History is { } history && !slot.Own && (own || slot.Freshness == Freshness.Expired) && (victim is null || history.LastHeard < victim.History!.LastHeard)) victim = slot;
            }
        }

        if (victim is null) return false;
        Forget(victim);
        _evicted++;
        return true;
    }

    private void Forget(PropertySlot slot)
    {
        if (slot.History is null) return;
        slot.History = null;
        _histories--;
    }

    private long StepOf(long ticks) => ticks / _limits.HistoryStep.Ticks;

    private void Tell(ref bool told, string sentence)
    {
        if (told) return;
        told = true;
        _warn?.Invoke(sentence);
    }

    private readonly struct Spot(EntitySlot entity, PropertySlot slot)
    {
        public EntitySlot Entity => entity;

        public PropertySlot Slot => slot;

        public void Deconstruct(out EntitySlot theEntity, out PropertySlot theSlot) => (theEntity, theSlot) = (entity, slot);
    }
}
