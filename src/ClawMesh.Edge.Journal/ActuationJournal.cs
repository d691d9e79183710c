using System.Globalization;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Time;
using ClawMesh.Edge.Journal.Chain;
using ClawMesh.Edge.Journal.Frames;
using ClawMesh.Edge.Journal.Opening;
using ClawMesh.Edge.Journal.Reading;
using ClawMesh.Edge.Journal.Writing;
using Microsoft.Data.Sqlite;

namespace ClawMesh.Edge.Journal;

/// <summary>
/// The node's memory in <c>edge.db</c>: actuation journal, replay window, frames and settings, behind one writing thread.
/// Damage never throws while opening: the journal is then unavailable and says why. Thread-safe.
/// </summary>
public sealed class ActuationJournal : IActuationJournal, IDisposable
{
    private readonly JournalPaths _paths;
    private readonly JournalOptions _options;
    private readonly JournalSigning _signing;
    private readonly Func<ClockClass> _clockClass;
    private readonly Func<byte[]> _newNonce;
    private readonly TimeProvider _time;
    private readonly ChainState _chain = new();
    private readonly ReplayMemory _replay;
    private readonly Lock _openLock = new();
    private readonly List<OpenCommand> _open = [];
    private readonly JournalWriter _writer;
    private volatile string _bootNonce;

    private ActuationJournal(
        JournalPaths paths, JournalSigning signing, Func<ClockClass> clockClass, TimeProvider time, Func<byte[]> newNonce, JournalOptions options)
    {
        (_paths, _signing, _clockClass, _time, _newNonce, _options) = (paths, signing, clockClass, time, newNonce, options);
        _bootNonce = NewNonce();
        _replay = new ReplayMemory(options, time);
        var frames = new FrameQueue();
        _writer = new JournalWriter(paths, frames, OpenSession, Stamp, time);
        Settings.Attach(_writer);
        Frames = new FrameArchive(paths, frames, _writer);
    }

    /// <summary>Raised when <see cref="Health"/> changed, on the writer's thread; listeners must not block.</summary>
    public event Action<JournalHealth>? HealthChanged
    {
        add => _writer.HealthChanged += value;
        remove => _writer.HealthChanged -= value;
    }

    public FrameArchive Frames { get; }

    public Settings Settings { get; } = new();

    public JournalHealth Health => _writer.Health;

    /// <inheritdoc/>
    /// <remarks>A new one after <see cref="Reset"/>, so that no permit of the old journal outlives it.</remarks>
    public string BootNonce => _bootNonce;

    public DateTimeOffset? NewestRecordAt => _chain.Tip?.At;

    public DateTimeOffset? LatestTime => _chain.Latest;

    /// <summary>Every command created before this instant must be refused ([X-44]); null when no journal was ever reset here.</summary>
    public DateTimeOffset? ResetAt => StoredMemory.Instant(Settings.Get(SettingKeys.ResetAtMs));

    /// <summary>Opens or creates the memory in <paramref name="stateDirectory"/>, which must exist. Blocks for the first read and one flush.</summary>
    /// <param name="clockClass">Asked for every record.</param>
    /// <param name="newNonce">16 random bytes.</param>
    public static ActuationJournal Open(
        string stateDirectory,
        ISigner signer,
        ISignatureVerifier verifier,
        Func<ClockClass> clockClass,
        TimeProvider time,
        Func<byte[]> newNonce,
        JournalOptions options)
    {
        var paths = new JournalPaths(stateDirectory);
        return Open(paths, new JournalSigning(signer, verifier, new HeadFile(paths.Head)), clockClass, time, newNonce, options);
    }

    internal static ActuationJournal Open(
        JournalPaths paths, JournalSigning signing, Func<ClockClass> clockClass, TimeProvider time, Func<byte[]> newNonce, JournalOptions options) =>
        new(paths, signing, clockClass, time, newNonce, options);

    public bool IsDurable(long sequence) => sequence > 0 && _chain.Tip is { } tip && sequence <= tip.Sequence;

    /// <inheritdoc/>
    /// <remarks>
    /// <paramref name="cancellationToken"/> counts until the record is queued; a queued record is written. A granted decision for a
    /// command id that is known already is refused with <c>COMMAND_REPLAYED</c>: the last line against two callers who both asked first.
    /// </remarks>
    public Task<long> AppendAsync(JournalEntry entry, ReplayEntry? replay, CancellationToken cancellationToken)
    {
        if (entry.Type == JournalRecordType.Checkpoint) throw new ArgumentException("Checkpoints are the journal's own business.", nameof(entry));
        cancellationToken.ThrowIfCancellationRequested();
        var job = new AppendJob(this, entry, replay);
        try
        {
            _writer.Enqueue(job);
        }
        catch (EdgeException unavailable)
        {
            return Task.FromException<long>(unavailable);
        }

        return job.Done;
    }

    public ReplayEntry? FindCommand(string commandId) => _replay.Find(commandId);

    public int RememberedCommands(string targetRef) => _replay.Young(targetRef);

    public IReadOnlyList<OpenCommand> OpenCommands()
    {
        lock (_openLock) return [.. _open];
    }

    /// <inheritdoc/>
    /// <exception cref="EdgeException"><c>JOURNAL_UNAVAILABLE</c>: what is not known must not count as rest.</exception>
    public IReadOnlyList<PastActivation> ActivationsWithin(TimeSpan window)
    {
        if (Health is { State: JournalState.Unavailable } health) throw StorageFault.Exception(health);
        try
        {
            using SqliteConnection connection = EdgeDatabase.OpenReadOnly(_paths);
            return Activations.Since(connection, _time.GetUtcNow() - window);
        }
        catch (SqliteException fault)
        {
            throw StorageFault.Exception(StorageFault.Health(fault, _paths), fault);
        }
        catch (EdgeException fault)
        {
            throw StorageFault.Exception(StorageFault.Unavailable(fault.Why, fault.Fix), fault);
        }
    }

    /// <summary>
    /// The recovery recipe of a lost disk: opens again, makes sure that it is the journal this process knows, and proves with a
    /// durable write that it can take records. Blocks; true when the journal is ready.
    /// </summary>
    public bool TryReopen() => _writer.TryReopen();

    /// <summary>
    /// <c>journal reset</c> on a live node: renames the files and starts a new journal, with a new boot nonce. The caller makes
    /// everything safe before and journals the operator's act afterwards. Blocks.
    /// </summary>
    /// <returns>The names the old files have now.</returns>
    /// <exception cref="EdgeException"><c>journal.reset_failed</c>: a file could not be renamed.</exception>
    public IReadOnlyList<string> Reset() => _writer.Replace(() =>
    {
        IReadOnlyList<string> renamed = JournalReset.Rename(_paths.StateDirectory, _time);
        _chain.Forget();
        _replay.Clear();
        Settings.Clear();
        lock (_openLock) _open.Clear();
        _bootNonce = NewNonce();
        return renamed;
    });

    /// <summary>Writes what is queued and closes. Appends fail from then on.</summary>
    public void Dispose() => _writer.Dispose();

    private JournalSession OpenSession()
    {
        SqliteConnection connection = EdgeDatabase.OpenReadWrite(_paths, _options, JournalReset.NewestReset(_paths));
        try
        {
            ChainTip tip = TailCheck.Check(connection, _signing.HeadFile, _signing.Signer, _signing.Verifier, out bool headLags);
            long adopted = RequireSameJournal(tip);
            _chain.Committed(tip);
            EdgeDatabase.Upgrade(connection, _options);
            var session = new JournalSession(connection, _chain, _signing, _options, headLags);
            session.Transactions.Run(() => session.Tables.Set(SettingKeys.Opened, OpenedText()));
            session.WriteHead();
            Load(connection, adopted);
            if (StoredMemory.LatestMs(connection) is { } latest) _chain.Timed(latest);
            return session;
        }
        catch
        {
            EdgeDatabase.Abandon(connection);
            throw;
        }
    }

    /// <summary>The sequence of a record whose failed commit turns out to have reached the disk; otherwise 0.</summary>
    private long RequireSameJournal(ChainTip tip)
    {
        if (_chain.Tip is not { } known || known.Is(tip.Sequence, tip.Hash)) return 0;
        if (_chain.Attempted is { } attempted && attempted.Is(tip.Sequence, tip.Hash)) return tip.Sequence;
        throw new JournalUnavailableException(StorageFault.Disagrees(
            $"'{_paths.Database}' is not the journal this node was writing: it ends at record {tip.Sequence}, and this node wrote record {known.Sequence} last."));
    }

    private void Load(SqliteConnection connection, long adopted)
    {
        foreach (ReplayEntry entry in StoredMemory.Commands(connection)) _replay.Apply(entry);
        Settings.Load(StoredMemory.Settings(connection));
        IReadOnlyList<OpenCommand> open = StoredMemory.OpenCommands(connection, _bootNonce, adopted);
        lock (_openLock)
        {
            _open.Clear();
            _open.AddRange(open);
        }
    }

    private RecordStamp Stamp() => new(_time.GetUtcNow(), _clockClass().Word(), _bootNonce);

    private string OpenedText() => string.Create(CultureInfo.InvariantCulture, $"{_bootNonce}@{_time.GetUtcNow().ToUnixTimeMilliseconds()}");

    private string NewNonce() => Convert.ToHexStringLower(_newNonce());

    private void Closed(string? commandId)
    {
        lock (_openLock)
        {
            if (_open.Count > 0) _open.RemoveAll(open => open.CommandId == commandId);
        }
    }

    private sealed class AppendJob(ActuationJournal owner, JournalEntry entry, ReplayEntry? given) : WriteJob<long>
    {
        private ReplayEntry? _remembered = given;

        private bool IsGrant => entry is { Type: JournalRecordType.Decision, Code: GateCodes.Ok };

        public override void Run(JournalSession session)
        {
            IReadOnlyList<string> forget = Forgettable();
            ReplayEntry? stored = null;
            Result = session.Append(entry, owner.Stamp(), sequence =>
            {
                if (_remembered is not { } replay) return;
                stored = replay.Sequence == 0 ? replay with { Sequence = sequence } : replay;
                foreach (string id in forget) session.Tables.Forget(id);
                session.Tables.Upsert(stored);
            });

            owner._replay.Forget(forget);
            if (stored is not null) owner._replay.Apply(stored);
            if (entry.Type == JournalRecordType.Outcome) owner.Closed(entry.CommandId);
        }

        private IReadOnlyList<string> Forgettable()
        {
            if (_remembered is not { } replay) return [];
            if (!owner._replay.Knows(replay.CommandId))
            {
                // A new id in an outcome is that of a command to the safe state, which was carried out already: it may take the last
                // places ([X-44]). Of what was not granted the record is worth more than the memory.
                int keepFree = entry.Type == JournalRecordType.Outcome ? 0 : owner._options.SafeReserve;
                if (owner._replay.RoomFor(replay.TargetRef, keepFree) is { } room) return room;
                if (IsGrant)
                {
                    throw new EdgeException(
                        GateCodes.ReplayWindowFull, $"Command '{replay.CommandId}' was not accepted.",
                        $"{owner._options.MaxCommands - owner._options.SafeReserve} command ids of the last {owner._options.ReplayAge.TotalHours:0} h are remembered; no more fit.",
                        "Wait until the oldest is past that age, or find out who sends so many commands: `clawmesh-edge audit list`.", FailureClass.TrustGate);
                }

                _remembered = null;
                return [];
            }

            if (IsGrant)
            {
                throw new EdgeException(
                    GateCodes.CommandReplayed, $"Command '{replay.CommandId}' was not accepted.", "Its id was used before, a moment ago.",
                    "Ask for its outcome with the same command, or use a new id.", FailureClass.TrustGate);
            }

            return [];
        }
    }
}
