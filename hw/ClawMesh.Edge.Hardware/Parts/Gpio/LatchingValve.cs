using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Buses;
using ClawMesh.Edge.Hardware.Buses.Gpio;
using ClawMesh.Edge.Hardware.Outputs;
using ClawMesh.Edge.Hardware.Sites;

namespace ClawMesh.Edge.Hardware.Parts.Gpio;

/// <summary>
/// A valve that keeps its place without current: a pulse on the first line opens it, one on the second closes it. Never are both coils
/// powered; each step sets both lines at once.
/// </summary>
/// <remarks>
/// <para>Nothing shows where the valve is. The read-back is the last pulse this process gave in full, and unknown before the first one. Hence
/// the safe pulse at the start is always given, even to a valve that is closed, and is reported as having changed an energised output. A
/// "confirmed" safe write means that the pulse was given, not that the valve followed: let the site declare an effect.</para>
/// <para>A process that dies inside a pulse leaves its coil powered: the kernel closes the request and need not switch the line off. The
/// lines are requested with both coils off, so <c>safe-state</c>, or the next start, ends it. A coil that must not stay powered for
/// that long needs a driver board with a time limit of its own.</para>
/// </remarks>
internal sealed class LatchingValve : OutputDriver, IDisposable
{
    private const ulong OpenCoil = 1;
    private const ulong CloseCoil = 2;
    private const ulong Both = OpenCoil | CloseCoil;

    // For the two steps around a pulse, on an expander with a slow bus.
    private static readonly TimeSpan BusPatience = TimeSpan.FromSeconds(1);

    private readonly ClaimedLines _coils;
    private readonly TimeSpan _pulse;
    private readonly IHardwarePorts _ports;
    private readonly Lock _pulseLock = new();
    private readonly Lock _lastLock = new();
    private volatile bool _closing;
    private bool _wasPulsed;
    private OutputValue? _last;

    private LatchingValve(PartSite site, ActuatorBinding binding, EffectWatch? effect)
        : base(binding.Policy.Actuator, binding.Policy.Safe, binding.Wiring.GetValueOrDefault(SiteDrivers.BusKey, ""), effect)
    {
        _ports = site.Ports;
        _pulse = binding.Wiring.Duration(GpioKeys.Pulse.Name);
        _coils = GpioRelay.OutputLines(site, binding, GpioTarget.Of(binding.Wiring)!, first: 0);
    }

    public static OutputDriver Open(PartSite site, ActuatorBinding binding, EffectWatch? effect) => new LatchingValve(site, binding, effect);

    /// <summary>Waits for a pulse under way: closing its lines would leave the coil powered. Where the bus hangs in it, the pulse closes them when it ends.</summary>
    public void Dispose()
    {
        _closing = true;
        if (!_pulseLock.TryEnter(_pulse + BusPatience)) return;
        try
        {
            Close();
        }
        finally
        {
            _pulseLock.Exit();
        }
    }

    /// <inheritdoc/>
    public override TimeSpan SafeWriteTakes => _pulse;

    protected override void Write(OutputValue value)
    {
        lock (_pulseLock)
        {
            ObjectDisposedException.ThrowIf(_closing, this);
            try
            {
                Pulse(value);
            }
            finally
            {
                if (_closing) Close();
            }
        }
    }

    private void Close()
    {
        try
        {
            // Not where no coil was ever powered: nobody should wait for a chip that is not there.
            if (_wasPulsed) SwitchOff();
        }
        catch (Exception e) when (e is EdgeException or ObjectDisposedException)
        {
            // It was told at the pulse; nothing more can be done from here.
        }

        _coils.Dispose();
    }

    private void Pulse(OutputValue value)
    {
        _wasPulsed = true;
        // Unknown until the pulse is over.
        Remember(null);
        try
        {
            _coils.Write(value == OutputValue.Active ? OpenCoil : CloseCoil, Both);
            _ports.Wait(_pulse);
        }
        finally
        {
            // Also after a failed step: it may have powered the coil all the same.
            SwitchOff();
        }

        Remember(value);
    }

    protected override OutputValue? ReadState()
    {
        lock (_lastLock) return _last;
    }

    private void SwitchOff()
    {
        try
        {
            _coils.Write(0, Both);
        }
        catch (Exception e) when (e is EdgeException or ObjectDisposedException)
        {
            // A fresh request switches both off by itself; the next write makes it.
            _coils.Drop();
            throw;
        }
    }

    private void Remember(OutputValue? last)
    {
        lock (_lastLock) _last = last;
    }
}
