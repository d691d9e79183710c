using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Simulated;
using ClawMesh.Edge.Hardware.Sites;

namespace ClawMesh.Edge.Agent.Diag;

/// <summary>
/// The sensors of the site, opened for one look without a node. Outputs are not opened: of a real site only the sensors are built, and
/// the simulated farm runs on a scratch copy of its medium, so that the real one is neither claimed nor written.
/// </summary>
internal sealed class SensorBench : IAsyncDisposable
{
    private readonly DiagContext _context;
    private readonly Lazy<Task<SiteHardware>> _hardware;
    private string? _scratch;

    public SensorBench(DiagContext context)
    {
        _context = context;
        _hardware = new(() => OwnThread.Run(OpenAsync));
    }

    public async Task<ISensor> SensorAsync(SensorId id) => (await _hardware.Value).Sensors.First(s => s.Info.Id == id);

    public async ValueTask DisposeAsync()
    {
        // A bus that still hangs while it is opened keeps its thread; the process ends without it.
        if (_hardware.IsValueCreated && _hardware.Value.IsCompletedSuccessfully) (await _hardware.Value).Dispose();
        if (_scratch is null) return;
        try
        {
            Directory.Delete(_scratch, recursive: true);
        }
        catch (Exception left) when (left is IOException or UnauthorizedAccessException)
        {
            // A few kilobytes in the temporary directory; nothing to trouble a person with.
        }
    }

    private async Task<SiteHardware> OpenAsync()
    {
        Site site = (await _context.SiteAsync()).Site!;
        return site.Simulated
            ? HardwareFactory.Build(site, CopyMedium(), simSeed: 1, simRate: 1, _context.Time, _context.Host.Ports, Sites.BoardOf(site))
            : HardwareFactory.Build(site with { Actuators = [] }, _context.State.Path, simSeed: 1, simRate: 1, _context.Time, _context.Host.Ports, Sites.BoardOf(site));
    }

    private string CopyMedium()
    {
        _scratch = Path.Combine(_context.Host.Scratch, $"clawmesh-edge-diag-{Guid.NewGuid():N}");
        string medium = SimulatedOutputs.PathIn(_scratch);
        Directory.CreateDirectory(Path.GetDirectoryName(medium)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        string from = Path.GetDirectoryName(SimulatedOutputs.PathIn(_context.State.Path))!;
        foreach (string file in DiagText.Entries(from, ""))
        {
            if (Path.GetFileName(file) is "outputs" or "faults.json") File.Copy(file, Path.Combine(Path.GetDirectoryName(medium)!, Path.GetFileName(file)));
        }

        return _scratch;
    }
}
