using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Buses.Gpio;

namespace ClawMesh.Edge.Hardware.Parts.Gpio;

/// <summary>An input line whose edges are reported for as long as it is held. Requested at the first read, and again after its chip went.</summary>
internal sealed class EdgeLines : IDisposable
{
    private readonly ClaimedLines _lines;
    private readonly PartSite _site;
    private readonly GpioRequest _asked;
    private readonly bool _edgesNeeded;
    private readonly Action<GpioEdge> _onEdge;
    private readonly Action _onClaim;
    private IDisposable? _reports;

    /// <param name="asked">What to ask for; chip and offsets are filled in at each request.</param>
    /// <param name="edgesNeeded">Without it a chip that reports no edges is read only.</param>
    /// <param name="onClaim">Called when the line is requested, before its first edge.</param>
    public EdgeLines(PartSite site, GpioTarget target, GpioRequest asked, bool edgesNeeded, Action<GpioEdge> onEdge, Action onClaim)
    {
        (_site, _asked, _edgesNeeded, _onEdge, _onClaim) = (site, asked, edgesNeeded, onEdge, onClaim);
        _lines = new ClaimedLines(site.Ports.Gpio, target, Request, () => _reports?.Dispose());
    }

    /// <summary>The present value of the line; also notices that the chip has gone, which no edge tells on older kernels.</summary>
    /// <exception cref="EdgeException">As <see cref="ClaimedLines.Read"/>.</exception>
    public bool Read() => _lines.Read() != 0;

    public void Dispose() => _lines.Dispose();

    // Under the lock of the claimed lines.
    private IGpioLines Request(GpioResolution found)
    {
        GpioRequest request = _asked with { Chip = found.Chip, Offsets = found.Offsets };
        IGpioLines lines;
        try
        {
            lines = _site.Ports.Gpio.Request(request);
        }
        catch (EdgeException e) when (e.Code == "gpio.no_edges" && !_edgesNeeded)
        {
            // An expander without its interrupt wired: read at the sensor's interval instead. The kernel cannot debounce there either.
            _reports = null;
            return _site.Ports.Gpio.Request(request with { Edges = GpioEdges.None, Debounce = TimeSpan.Zero });
        }

        _onClaim();
        try
        {
            _reports = _site.Buses.Inputs.Add(lines, _onEdge, _ => _lines.Drop());
            return lines;
        }
        catch
        {
            lines.Dispose();
            throw;
        }
    }
}
