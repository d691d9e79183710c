using System.Text.Json;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Mesh.Gossip;
using ClawMesh.Edge.Mesh.Handshake;
using ClawMesh.Edge.Mesh.Sessions;
using ClawMesh.Edge.Mesh.Transport;

namespace ClawMesh.Edge.Mesh.Origin;

/// <summary>A signed frame that waits for its check.</summary>
/// <param name="Checked">Called with the result, on the verifier's own thread; null when the session ended before.</param>
internal sealed record VerifyJob(Session From, MeshFrame Frame, FrameSignature.Mark Mark, string PublicKey, Action<bool?> Checked);

/// <summary>
/// Checks signatures beside the receive loops ([X-17]): 200 a second for one session, 2,000 in all; what comes faster waits, within bounds.
/// Good frames are remembered, so that their further copies cost a hash. Submitted on any thread, checked on one.
/// </summary>
#pragma warning disable CA1001 // A semaphore without a wait handle holds nothing to give back.
internal sealed class FrameVerifier(ISignatureVerifier verifier, Func<string> meshId, TimeProvider time, VerifyLimits limits, Action<MeshFrame, Exception> faulted)
#pragma warning restore CA1001
{
    private readonly Lock _lock = new();
    private readonly Lock _checking = new();
    private readonly Dictionary<Session, Line> _lines = [];
    private readonly Queue<Session> _turn = new();
    private readonly Dictionary<FrameSignature.Mark, LinkedListNode<FrameSignature.Mark>> _good = [];
    private readonly LinkedList<FrameSignature.Mark> _byUse = new();
    private readonly TokenBucket _all = new(time, limits.PerSecond, limits.PerSecond);
    private readonly SemaphoreSlim _work = new(0, 1);
    private string _goodFor = "";
    private int _waiting;

    /// <summary>Frames that wait.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>Signatures checked so far.</summary>
    public long Checks { get; private set; }

    /// <summary>A copy of a frame was found good before.</summary>
    public bool IsKnownGood(FrameSignature.Mark mark)
    {
        lock (_lock)
        {
            if (_goodFor != meshId() || !_good.TryGetValue(mark, out LinkedListNode<FrameSignature.Mark>? node)) return false;
            _byUse.Remove(node);
            _byUse.AddLast(node);
            return true;
        }
    }

    /// <summary>Queues a frame; false when the line of its session is full.</summary>
    public bool TrySubmit(VerifyJob job)
    {
        lock (_lock)
        {
            // One that has ended would be remembered for ever.
            if (job.From.IsOver) return false;
            if (!_lines.TryGetValue(job.From, out Line? line)) _lines[job.From] = line = new Line(new TokenBucket(time, limits.PerSession, limits.PerSession));
            if (line.Jobs.Count >= limits.MaxWaiting || line.Bytes + job.Frame.Utf8.Length > limits.MaxWaitingBytes) return false;
            if (line.Jobs.Count == 0) _turn.Enqueue(job.From);
            line.Jobs.Enqueue(job);
            line.Bytes += job.Frame.Utf8.Length;
            Interlocked.Increment(ref _waiting);
        }

        Wake();
        return true;
    }

    /// <summary>A session is gone, and with it what it sent.</summary>
    public void Forget(Session session)
    {
        Line? line;
        lock (_lock)
        {
            session.IsOver = true;
            if (!_lines.Remove(session, out line)) return;
            Interlocked.Add(ref _waiting, -line.Jobs.Count);
        }

        foreach (VerifyJob job in line.Jobs) job.Checked(null);
    }

    /// <summary>Lets the loop look again: tokens came in with the time.</summary>
    public void Wake()
    {
        try
        {
            if (_work.CurrentCount == 0) _work.Release();
        }
        catch (SemaphoreFullException)
        {
            // Somebody else has woken it at the same moment.
            return;
        }
    }

    /// <summary>Checks what may be checked now. One caller at a time; a second one leaves it to the first.</summary>
    public void Pump()
    {
        if (!_checking.TryEnter()) return;
        try
        {
            while (Next() is { } job)
            {
                Checks++;
                try
                {
                    job.Checked(Check(job.Frame, job.Mark, job.PublicKey));
                }
                catch (Exception bug) when (bug is not OperationCanceledException)
                {
                    // One frame that this node cannot deal with must not be the last that it checks.
                    faulted(job.Frame, bug);
                }
            }
        }
        finally
        {
            _checking.Exit();
        }
    }

    /// <summary>The loop of a node; a simulator pumps by itself.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await _work.WaitAsync(cancellationToken);
                Pump();
            }
        }
        catch (OperationCanceledException)
        {
            return;
        }
    }

    // The first session in turn that has a token left; the others keep their place.
    private VerifyJob? Next()
    {
        lock (_lock)
        {
            for (int looked = _turn.Count; looked > 0 && _turn.TryDequeue(out Session? session); looked--)
            {
                if (!_lines.TryGetValue(session, out Line? line) || line.Jobs.Count == 0) continue;
                if (!line.Tokens.TryTake())
                {
                    _turn.Enqueue(session);
                    continue;
                }

                if (!_all.TryTake())
                {
                    _turn.Enqueue(session);
                    return null;
                }

                VerifyJob job = line.Jobs.Dequeue();
                line.Bytes -= job.Frame.Utf8.Length;
                if (line.Jobs.Count > 0) _turn.Enqueue(session);
                Interlocked.Decrement(ref _waiting);
                return job;
            }

            return null;
        }
    }

    /// <summary>Checks a signature on the caller's thread; for what comes rarely.</summary>
    public bool CheckNow(MeshFrame frame, string publicKey) => Check(frame, FrameSignature.MarkOf(frame), publicKey);

    private bool Check(MeshFrame frame, FrameSignature.Mark mark, string publicKey)
    {
        string mesh = meshId();
        byte[] signed;
        try
        {
            using JsonDocument document = JsonDocument.Parse(frame.Utf8);
            signed = FrameSignature.Signed(mesh, document.RootElement);
        }
        catch (FormatException)
        {
            // No canonical form, so nothing that could have been signed ([X-4]).
            return false;
        }

        if (WireKeys.TryDecode(publicKey, WireKeys.KeyBytes) is not { } key || !verifier.Verify(key, signed, frame.Stamp!.Signature)) return false;
        Remember(mark, mesh);
        return true;
    }

    private void Remember(FrameSignature.Mark mark, string mesh)
    {
        lock (_lock)
        {
            if (_goodFor != mesh)
            {
                _good.Clear();
                _byUse.Clear();
                _goodFor = mesh;
            }

            if (_good.ContainsKey(mark)) return;
            if (_good.Count >= limits.MaxRemembered)
            {
                _good.Remove(_byUse.First!.Value);
                _byUse.RemoveFirst();
            }

            _good[mark] = _byUse.AddLast(mark);
        }
    }

    private sealed class Line(TokenBucket tokens)
    {
        public TokenBucket Tokens => tokens;

        public Queue<VerifyJob> Jobs { get; } = new();

        public long Bytes { get; set; }
    }
}

/// <summary>How much checking a node does ([X-17]).</summary>
/// <param name="MaxWaiting">Frames of one session that wait; further ones are dropped and counted, and <c>edge.sync</c> brings them later.</param>
/// <param name="MaxRemembered">Good frames remembered by their mark.</param>
public sealed record VerifyLimits(double PerSession = 200, double PerSecond = 2_000, int MaxWaiting = 2_000, long MaxWaitingBytes = 4L << 20, int MaxRemembered = 4_096)
{
    public static VerifyLimits Default { get; } = new();
}
