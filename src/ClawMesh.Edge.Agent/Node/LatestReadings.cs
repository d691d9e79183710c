using System.Collections.Frozen;
using ClawMesh.Edge.Core.Readings;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>The latest reading of each sensor: one cell each, written by its loop, read by everyone without a lock and without allocating.</summary>
internal sealed class LatestReadings(IEnumerable<ISensor> sensors) : IReadingSource
{
    private readonly FrozenDictionary<SensorId, Cell> _cells = sensors.ToFrozenDictionary(s => s.Info.Id, _ => new Cell());

    public Reading? Latest(SensorId sensor) => _cells.TryGetValue(sensor, out Cell? cell) ? cell.Read() : null;

    /// <summary>One writer per sensor.</summary>
    public void Put(Reading reading) => _cells[reading.Sensor].Write(reading);

    // Two places and a count: the writer fills the place nobody reads, then counts up. A reader whose place was filled again while it
    // copied, which takes two writes, copies anew.
    private sealed class Cell
    {
        private readonly Reading[] _places = new Reading[2];
        private long _count;

        public Reading? Read()
        {
            while (true)
            {
                long count = Volatile.Read(ref _count);
                if (count == 0) return null;
                Reading copy = _places[count & 1];
                Interlocked.MemoryBarrier();
                if (Volatile.Read(ref _count) == count) return copy;
            }
        }

        public void Write(Reading reading)
        {
            long next = _count + 1;
            _places[next & 1] = reading;
            Volatile.Write(ref _count, next);
        }
    }
}
