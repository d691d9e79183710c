using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Agent.LocalApi;
using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.Journal;

namespace ClawMesh.Edge.Agent.Cli.Verbs;

/// <summary>
/// The journal of a node that does not run, for one audited act of an operator. Holds the node lock, so that none starts meanwhile.
/// </summary>
internal sealed class OperatorJournal : IDisposable
{
    // One record is added and nothing is thinned out: how much to keep is for the node to decide, with its own configuration.
    private static readonly JournalOptions KeepAll = JournalOptions.Default with
    {
        MaxRecords = int.MaxValue,
        MaxFrames = int.MaxValue,
        MaxClassicFrames = int.MaxValue,
        MaxFrameBytes = long.MaxValue,
        SignedAge = TimeSpan.MaxValue,
        ClassicAge = TimeSpan.MaxValue,
        SafetyAge = TimeSpan.MaxValue,
    };

    private readonly StateDirectory _state;
    private readonly NodeLock _lock;
    private readonly DeviceIdentity _identity;
    private ActuationJournal? _journal;

    private OperatorJournal(StateDirectory state, NodeLock nodeLock, DeviceIdentity identity, TimeProvider time)
    {
        (_state, _lock, _identity) = (state, nodeLock, identity);
        Time = new NodeClock(time);
        Clock = new ClockKeeper(Time, state.ClockFile, () => _journal?.NewestRecordAt);
    }

    public NodeClock Time { get; }

    public ClockKeeper Clock { get; }

    /// <summary>The person, as the node would name them.</summary>
    public string By { get; } = LocalServer.OperatorName(new UnixUsers(), HostKernel.EffectiveUserId);

    /// <param name="what">What does not happen while a node runs, for the error.</param>
    /// <exception cref="EdgeException"><c>node.already_running</c>, <c>NO_IDENTITY</c>, <c>storage.lock_failed</c>.</exception>
    public static OperatorJournal Hold(StateDirectory state, TimeProvider time, string what)
    {
        StateOwner.CheckMayWrite(state, what);

        // A node that found the directory read-only has its lock elsewhere; ours belongs where the journal is written.
        NodeLock? nodeLock = null;
        int? holder = NodeLocks.HolderOf(state);
        if (holder is null)
        {
            nodeLock = NodeLock.TryAcquire(state.Path, out int rival);
            holder = rival;
        }

        if (nodeLock is null)
        {
            throw new EdgeException(
                ErrorCodes.NodeRunning, what, $"Process {holder} runs a node in '{state.Path}'.",
                "Stop the node first (`systemctl stop clawmesh-edge`, or end that process), then try again.", FailureClass.Config);
        }

        try
        {
            return new OperatorJournal(state, nodeLock, DeviceIdentity.LoadOrCreate(state.Path, time), time);
        }
        catch
        {
            nodeLock.Dispose();
            throw;
        }
    }

    /// <summary>Opens the journal that is there, or a new one, and takes over the clock as a starting node would.</summary>
    public void Open()
    {
        _journal = ActuationJournal.Open(
            _state.Path, _identity.Signer, new Ed25519Verifier(), () => Clock.Class, Time, () => RandomNumberGenerator.GetBytes(16), KeepAll);
        Clock.Start();
    }

    /// <summary>Durable when the task completes; returns the sequence of the record.</summary>
    /// <exception cref="EdgeException"><c>JOURNAL_UNAVAILABLE</c>: nothing was written.</exception>
    public Task<long> AppendAsync(string act, string detail, CancellationToken cancellationToken)
    {
        var body = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(body))
        {
            writer.WriteStartObject();
            writer.WriteString("by", By);
            writer.WriteString("detail", detail);
            writer.WriteEndObject();
        }

        var entry = new JournalEntry(JournalRecordType.Operator, null, null, null, act, Encoding.UTF8.GetString(body.WrittenSpan));
        return _journal!.AppendAsync(entry, replay: null, cancellationToken);
    }

    public void Dispose()
    {
        _journal?.Dispose();
        _identity.Dispose();
        _lock.Dispose();
    }
}
