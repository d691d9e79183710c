using System.Collections.Frozen;
using ClawMesh.Edge.Core.Readings;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>The latest reading of each sensor: one cell each, written by its loop, read by everyone without a lock.</summary>
internal sealed class LatestReadings(IEnumerable<ISensor> sensors) : IReadingSource
{
    private readonly FrozenDictionary<SensorId, Cell> _cells = sensors.ToFrozenDictionary(s => s.Info.Id, _ => new Cell());

    public Reading? Latest(SensorId sensor) => _cells.TryGetValue(sensor, out Cell? cell) ? Volatile.Read(ref cell.Reading) : null;

    public void Put(Reading reading) => Volatile.Write(ref _cells[reading.Sensor].Reading, reading);

    private sealed class Cell
    {
        public Reading? Reading;
    }
}
