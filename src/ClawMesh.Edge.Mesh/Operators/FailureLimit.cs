using System.Net;

namespace ClawMesh.Edge.Mesh.Operators;

/// <summary>Five failures of an address within a minute block it for 60 s ([X-67]). Thread-safe; remembers 256 addresses.</summary>
internal sealed class FailureLimit(TimeProvider time)
{
    internal const int MaxAddresses = 256;
    private const int MaxFailures = 5;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, Record> _records = [];
    private long _refused;

    /// <summary>Failures and blocked attempts.</summary>
    internal long Refused => Interlocked.Read(ref _refused);

    internal bool IsBlocked(IPAddress address)
    {
        lock (_lock)
        {
            if (!_records.TryGetValue(Plain(address), out Record? record) || !record.Blocked) return false;
            if (time.GetElapsedTime(record.Newest) < Window)
            {
                Interlocked.Increment(ref _refused);
                return true;
            }

            _records.Remove(Plain(address));
            return false;
        }
    }

    internal void Fail(IPAddress address)
    {
        lock (_lock)
        {
            Interlocked.Increment(ref _refused);
            address = Plain(address);
            if (!_records.TryGetValue(address, out Record? record))
            {
                if (_records.Count >= MaxAddresses) DropOldest();
                _records[address] = record = new Record();
            }

            // Proofs judged at the same moment may all fail after the block began; they neither end nor prolong it.
            if (record.Blocked) return;
            record.Add(time.GetTimestamp());
            record.Blocked = record.IsFull && time.GetElapsedTime(record.Oldest) < Window;
        }
    }

    // The one whose last failure is longest ago: a flood from many addresses pushes out itself, not the newest offender.
    private void DropOldest()
    {
        IPAddress? oldest = null;
        long at = long.MaxValue;
        foreach ((IPAddress address, Record record) in _records)
        {
            if (record.Newest < at) (oldest, at) = (address, record.Newest);
        }

        _records.Remove(oldest!);
    }

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    // Timestamps of the last five failures, as a ring.
    private sealed class Record
    {
        private readonly long[] _at = new long[MaxFailures];
        private int _count;

        public bool Blocked { get; set; }

        public bool IsFull => _count >= MaxFailures;

        public long Newest => _at[(_count - 1) % MaxFailures];

        /// <summary>Of a full ring.</summary>
        public long Oldest => _at[_count % MaxFailures];

        public void Add(long timestamp)
        {
            _at[_count % MaxFailures] = timestamp;
            // Bounded, and still full.
            _count = _count + 1 == 2 * MaxFailures ? MaxFailures : _count + 1;
        }
    }
}
