using System.Text;
using ClawMesh.Edge.Core.Actuation;

namespace ClawMesh.Edge.Journal.Writing;

/// <summary>
/// The replay window in memory ([X-44]), an image of table <c>commands</c>. Changed by the writer after a commit, read by anyone.
/// An id is forgotten only when it is old <em>and</em> no longer among the newest of its output.
/// </summary>
internal sealed class ReplayMemory(JournalOptions options, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Remembered> _byId = new(StringComparer.Ordinal);
    private readonly Dictionary<string, OutputWindow> _byTarget = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _senders = new(StringComparer.Ordinal);
    private readonly LinkedList<Remembered> _oldestFirst = new();

    public void Clear()
    {
        lock (_lock)
        {
            _byId.Clear();
            _byTarget.Clear();
            _senders.Clear();
            _oldestFirst.Clear();
        }
    }

    public ReplayEntry? Find(string commandId)
    {
        lock (_lock) return _byId.TryGetValue(commandId, out Remembered? known) ? known.ToEntry() : null;
    }

    public bool Knows(string commandId)
    {
        lock (_lock) return _byId.ContainsKey(commandId);
    }

    /// <summary>Ids of one output that are younger than the replay age.</summary>
    public int Young(string targetRef)
    {
        lock (_lock) return _byTarget.TryGetValue(targetRef, out OutputWindow? window) ? window.Young(Cutoff()) : 0;
    }

    /// <summary>
    /// The ids to forget when a new one for <paramref name="targetRef"/> comes in, oldest first; null when the memory is full
    /// of ids that must not be forgotten.
    /// </summary>
    /// <param name="keepFree">Places that are not for this one.</param>
    public IReadOnlyList<string>? RoomFor(string targetRef, int keepFree = 0)
    {
        lock (_lock)
        {
            DateTimeOffset cutoff = Cutoff();
            var forget = new List<string>();
            if (_byTarget.TryGetValue(targetRef, out OutputWindow? window))
            {
                int surplus = window.Count + 1 - options.ReplayPerOutput;
                for (LinkedListNode<Remembered>? node = window.First; node is not null && surplus > 0 && node.Value.At < cutoff; node = node.Next, surplus--)
                    forget.Add(node.Value.CommandId);
            }

            if (_byId.Count - forget.Count < options.MaxCommands - keepFree) return forget;

            // The last resort against names of outputs that nobody has: age alone protects an id here.
            LinkedListNode<Remembered>? oldest = _oldestFirst.First;
            while (oldest is not null && (oldest.Value.At >= cutoff || forget.Contains(oldest.Value.CommandId))) oldest = oldest.Next;
            if (oldest is null) return null;
            forget.Add(oldest.Value.CommandId);
            return forget;
        }
    }

    /// <summary>Adds a new id, or closes a known one: sender, digest and sequence of a known id never change.</summary>
    public void Apply(ReplayEntry entry)
    {
        lock (_lock)
        {
            if (_byId.TryGetValue(entry.CommandId, out Remembered? known))
            {
                known.Close(entry.Outcome, entry.Answer);
                return;
            }

            if (!_byTarget.TryGetValue(entry.TargetRef, out OutputWindow? window))
                _byTarget.Add(entry.TargetRef, window = new OutputWindow(entry.TargetRef));
            if (!_senders.TryGetValue(entry.Sender, out string? sender)) _senders.Add(entry.Sender, sender = entry.Sender);

            var added = new Remembered(entry, sender, window.TargetRef);
            _byId.Add(entry.CommandId, added);
            added.InAll = _oldestFirst.AddLast(added);
            added.InWindow = window.Add(added);
        }
    }

    public void Forget(IReadOnlyList<string> commandIds)
    {
        lock (_lock)
        {
            foreach (string id in commandIds)
            {
                if (!_byId.Remove(id, out Remembered? old)) continue;
                _oldestFirst.Remove(old.InAll!);
                OutputWindow window = _byTarget[old.TargetRef];
                window.Remove(old.InWindow!);
                if (window.Count == 0) _byTarget.Remove(old.TargetRef);
            }

            // Senders are devices that hold a grant and operators of this node: few. Only a churn of names makes this worth a sweep.
            if (_senders.Count > 1024 && _senders.Count > _byId.Count) _senders.Clear();
        }
    }

    private DateTimeOffset Cutoff() => time.GetUtcNow() - options.ReplayAge;

    /// <summary>One id, packed: tens of thousands of these live as long as the process.</summary>
    private sealed class Remembered(ReplayEntry entry, string sender, string targetRef)
    {
        private readonly byte[] _digest = Encoding.UTF8.GetBytes(entry.Digest);
        private byte[] _answer = Encoding.UTF8.GetBytes(entry.Answer);
        private ActuationOutcome? _outcome = entry.Outcome;

        public string CommandId { get; } = entry.CommandId;

        public string TargetRef { get; } = targetRef;

        public long Sequence { get; } = entry.Sequence;

        public DateTimeOffset At { get; } = entry.At;

        /// <summary>On the young side of its window's mark.</summary>
        public bool IsYoung { get; set; }

        public LinkedListNode<Remembered>? InAll { get; set; }

        public LinkedListNode<Remembered>? InWindow { get; set; }

        public void Close(ActuationOutcome? outcome, string answer) => (_outcome, _answer) = (outcome, Encoding.UTF8.GetBytes(answer));

        public ReplayEntry ToEntry() =>
            new(CommandId, Encoding.UTF8.GetString(_digest), sender, TargetRef, Sequence, _outcome, Encoding.UTF8.GetString(_answer), At);
    }

    /// <summary>The ids of one output in order of arrival, with a mark where the young ones begin.</summary>
    private sealed class OutputWindow(string targetRef)
    {
        private readonly LinkedList<Remembered> _ids = new();
        private LinkedListNode<Remembered>? _firstYoung;
        private int _young;

        public string TargetRef { get; } = targetRef;

        public int Count => _ids.Count;

        public LinkedListNode<Remembered>? First => _ids.First;

        public LinkedListNode<Remembered> Add(Remembered id)
        {
            LinkedListNode<Remembered> node = _ids.AddLast(id);
            _firstYoung ??= node;
            node.Value.IsYoung = true;
            _young++;
            return node;
        }

        public void Remove(LinkedListNode<Remembered> node)
        {
            if (_firstYoung == node) _firstYoung = node.Next;
            if (node.Value.IsYoung) _young--;
            _ids.Remove(node);
        }

        /// <summary>Moves the mark, in both directions because the wall clock can be set back; amortised one step a call.</summary>
        public int Young(DateTimeOffset cutoff)
        {
            while (_firstYoung is { } aged && aged.Value.At < cutoff)
            {
                aged.Value.IsYoung = false;
                (_firstYoung, _young) = (aged.Next, _young - 1);
            }

            while ((_firstYoung is null ? _ids.Last : _firstYoung.Previous) is { } again && again.Value.At >= cutoff)
            {
                again.Value.IsYoung = true;
                (_firstYoung, _young) = (again, _young + 1);
            }

            return _young;
        }
    }
}
