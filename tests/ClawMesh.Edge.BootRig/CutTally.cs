using System.Diagnostics;
using System.Globalization;

namespace ClawMesh.Edge.BootRig;

/// <summary>The count over all lanes.</summary>
internal sealed class CutTally(int wanted, TimeSpan limit)
{
    private readonly Lock _lock = new();
    private readonly long _began = Stopwatch.GetTimestamp();
    private readonly List<double> _claims = [];
    private readonly int[] _moments = new int[Enum.GetValues<CutMoment>().Length];
    private int _handedOut;
    private int _cuts;
    private int _started;
    private int _unsafe;
    private int _unverified;
    private int _damaged;
    private int _lostRecords;
    private int _acknowledged;
    private long _blocks;
    private long _lostBlocks;

    public bool Passed => _cuts > 0 && _unsafe + _unverified + _damaged + _lostRecords == 0;

    /// <summary>The number of the next cut; null when there were enough, or time is over.</summary>
    public int? Next()
    {
        lock (_lock) return _handedOut < wanted && Stopwatch.GetElapsedTime(_began) < limit ? ++_handedOut : null;
    }

    public void Started(TimeSpan? claim, TimeSpan? ready)
    {
        lock (_lock)
        {
            if (claim is { } at) _claims.Add(at.TotalSeconds);
            if (ready is not null) _started++;
        }
    }

    /// <returns>Whether something was wrong.</returns>
    public bool Cut(CutMoment moment, IReadOnlyList<string> unsafeStarts, string damage, JournalFindings findings, CutLoss loss, int acknowledged)
    {
        lock (_lock)
        {
            _cuts++;
            _moments[(int)moment]++;
            if (unsafeStarts.Count > 0) _unsafe++;
            if (!findings.Verified) _unverified++;
            if (damage.Length > 0) _damaged++;
            _lostRecords += findings.Lost.Count;
            _acknowledged += acknowledged;
            _blocks += loss.Blocks;
            _lostBlocks += loss.Lost;
        }

        return unsafeStarts.Count > 0 || !findings.Verified || damage.Length > 0 || findings.Lost.Count > 0;
    }

    public string Summary()
    {
        lock (_lock)
        {
            _claims.Sort();
            string claim = _claims.Count == 0 ? "never" : string.Create(CultureInfo.InvariantCulture, $"median {_claims[_claims.Count / 2]:0.0} s, slowest {_claims[^1]:0.0} s");
            string moments = string.Join(", ", Enum.GetValues<CutMoment>().Select(m => string.Create(CultureInfo.InvariantCulture, $"{_moments[(int)m]} {m.ToString().ToLowerInvariant()}")));
            return string.Create(CultureInfo.InvariantCulture, $"""
                | power cuts | {_cuts} ({moments}) |
                | starts that came to a node that answers | {_started} |
                | unsafe starts | {_unsafe} |
                | journals that do not verify | {_unverified} |
                | file systems damaged beyond their journal | {_damaged} |
                | commands acknowledged before a cut | {_acknowledged} |
                | durable records lost | {_lostRecords} |
                | blocks written, and lost at a cut | {_blocks}, {_lostBlocks} |
                | kernel hand-over to outputs claimed | {claim} |
                """);
        }
    }
}
