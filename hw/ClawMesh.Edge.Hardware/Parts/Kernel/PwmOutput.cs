using System.Globalization;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Outputs;
using ClawMesh.Edge.Hardware.Sites;
using ClawMesh.Edge.Native.Linux;

namespace ClawMesh.Edge.Hardware.Parts.Kernel;

/// <summary>
/// A channel of a PWM controller (Documentation/ABI/testing/sysfs-class-pwm). It runs at duty 0 when inactive: the level of a
/// stopped channel is nobody's promise. It keeps running when the process dies; <c>safe-state</c> finds it again.
/// </summary>
/// <remarks>
/// The kernel holds 0 ≤ duty ≤ period at every step and refuses everything while the period is 0, as it is after export. So: a fresh
/// channel gets its period first, a running one rests before its period changes. Polarity changes only while a channel stands still;
/// where it cannot be had (Tegra's driver has none), the duty is mirrored. A running mirrored channel keeps its period for the safe value;
/// at the first permit after that its period changes, and the output is active for a share of the time between two writes.
/// </remarks>
internal sealed class PwmOutput : OutputDriver
{
    internal const string Driver = "pwm";
    internal const string FrequencyKey = "frequency";
    internal const string InvertedKey = "inverted";

    // A Tegra counts the duty in 256 steps (drivers/pwm/pwm-tegra.c).
    private const double CoarsestStep = 1 / 256.0;

    private const string Inversed = "inversed";

    // udev hands the files of a fresh channel to their group a moment after export.
    private static readonly TimeSpan PermissionWait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PermissionPause = TimeSpan.FromMilliseconds(10);

    private readonly PartSite _site;
    private readonly IPwmFiles _files;
    private readonly string _chipName;
    private readonly int _number;
    private readonly long _periodNs;
    private readonly bool _inverted;
    private volatile string? _channel;
    private long? _exportedAt;

    public PwmOutput(PartSite site, ActuatorBinding binding, EffectWatch? effect, IPwmFiles? files = null)
        : base(binding.Policy.Actuator, binding.Policy.Safe, binding.Wiring.Text(SiteDrivers.BusKey), effect)
    {
        (_site, _files) = (site, files ?? new PwmFiles());
        (_chipName, _number) = (binding.Wiring.Text(BusKeys.PwmChip), binding.Wiring.Whole(BusKeys.PwmChannel));
        _periodNs = (long)Math.Round(1e9 / binding.Wiring.Number(FrequencyKey));
        _inverted = binding.Wiring.Flag(InvertedKey);
    }

    protected override void Write(OutputValue value)
    {
        try
        {
            WriteOnceFound(value);
        }
        catch (IOException gone) when (_channel is not null && (gone is FileNotFoundException or DirectoryNotFoundException || gone.HResult is Errno.Enodev or Errno.Enoent))
        {
            // The controller's driver was loaded anew, or somebody gave the channel back.
            _channel = null;
            WriteOnceFound(value);
        }
    }

    protected override OutputValue? ReadState()
    {
        string channel = _channel ?? ChannelOf(FindChip());
        // What another output of the site does there says nothing about this one.
        if (!Directory.Exists(channel) || Owners.OwnerOf(Path.GetFileName(Path.GetDirectoryName(channel))!, _number) is { } owner && owner != Id.Value) return null;
        long period = Number(channel, "period");
        long duty = Number(channel, "duty_cycle");
        if (Number(channel, "enable") == 0 || period <= 0) return null;
        return new OutputValue(Math.Clamp((double)(IsMirrored(channel) ? period - duty : duty) / period, 0, 1));
    }

    protected override bool Agrees(OutputValue written, OutputValue seen) =>
        written.Ratio is 0 or 1 ? written == seen : Math.Abs(written.Ratio - seen.Ratio) <= CoarsestStep + (1.0 / _periodNs);

    private void WriteOnceFound(OutputValue value)
    {
        string channel = _channel ??= Claim();
        while (true)
        {
            try
            {
                Set(channel, value);
                _exportedAt = null;
                return;
            }
            catch (UnauthorizedAccessException) when (_exportedAt is { } at && _site.Time.GetElapsedTime(at) < PermissionWait)
            {
                _site.Ports.Wait(PermissionPause);
            }
            catch (UnauthorizedAccessException denied)
            {
                throw NotPermitted(denied);
            }
        }
    }

    // Every step is legal for the kernel, and none energises an output that was at rest, unless that is what was asked for.
    private void Set(string channel, OutputValue value)
    {
        long period = Number(channel, "period");
        bool runs = Number(channel, "enable") != 0;
        // A driver may have rounded what was asked for.
        bool otherPeriod = Math.Abs(period - _periodNs) > _periodNs / 100;
        // A running mirrored channel has no duty that rests under both periods; the safe value is had at the old one.
        if (otherPeriod && !(runs && value == SafeValue && IsMirrored(channel)))
        {
            if (period != 0) Put(channel, "duty_cycle", IsMirrored(channel) ? Math.Min(period, _periodNs) : 0);
            PutPeriod(channel, mustHave: period == 0 || value != SafeValue);
            period = Number(channel, "period");
        }

        if (!runs) TryPolarity(channel);
        long active = (long)Math.Round(value.Ratio * period);
        Put(channel, "duty_cycle", IsMirrored(channel) ? period - active : active);
        if (!runs) Put(channel, "enable", 1);
    }

    private void TryPolarity(string channel)
    {
        if (IsInversed(channel) == _inverted) return;
        try
        {
            _files.Write(Path.Combine(channel, "polarity"), _inverted ? Inversed : "normal");
        }
        catch (IOException)
        {
            // The driver has one polarity; the duty is mirrored instead.
            return;
        }
    }

    private bool IsMirrored(string channel) => IsInversed(channel) != _inverted;

    private bool IsInversed(string channel) => File.Exists(Path.Combine(channel, "polarity")) && _files.Read(Path.Combine(channel, "polarity")) == Inversed;

    // The safe value is safe at any frequency: a period that cannot be had must not keep a running channel from it.
    private void PutPeriod(string channel, bool mustHave)
    {
        try
        {
            Put(channel, "period", _periodNs);
        }
        catch (IOException refused) when (refused is not (FileNotFoundException or DirectoryNotFoundException) && refused.HResult is not (Errno.Enodev or Errno.Enoent))
        {
            if (!mustHave) return;
            throw new EdgeException(
                "pwm.period_refused", $"Could not set up '{Id}'.", $"'{_chipName}' does not take a period of {_periodNs} ns: {refused.Message}",
                "Choose another frequency; channels of one PCA9685 share one.", FailureClass.Config, refused);
        }
    }

    private string Claim()
    {
        string chip = FindChip();
        string channel = ChannelOf(chip);
        if (Owners.Take(Path.GetFileName(chip), _number, Id) is { } owner)
        {
            throw new EdgeException(
                "pwm.channel_taken", $"Could not claim '{Id}'.", $"'{_chipName}' is {Path.GetFileName(chip)}, whose channel {_number} is already '{owner}', under another name; a channel has one user.",
                "Correct pwmChip or pwmChannel of one of them.", FailureClass.Config);
        }

        if (Directory.Exists(channel)) return channel;
        int channels = (int)Number(chip, "npwm");
        if (_number >= channels) throw PwmChips.NoChannel(Id.Value, _chipName, channels, _number);

        try
        {
            Put(chip, "export", _number);
        }
        catch (IOException busy) when (busy.HResult == Errno.Ebusy && Directory.Exists(channel))
        {
            // Somebody was faster; in user space a channel has no owner.
            return channel;
        }
        catch (IOException busy) when (busy.HResult == Errno.Ebusy)
        {
            throw PwmChips.ChannelBusy(Id.Value, _chipName, _number, PwmChips.HolderOf(_site.Ports.Root, chip, _number), busy);
        }
        catch (UnauthorizedAccessException denied)
        {
            throw NotPermitted(denied);
        }

        _exportedAt = _site.Time.GetTimestamp();
        return channel;
    }

    private EdgeException NotPermitted(UnauthorizedAccessException denied) => new(
        "pwm.no_permission", $"Could not set '{Id}'.", denied.Message,
        "Install the udev rules of the package and put the node's user into the group gpio; then log in again.", FailureClass.Auth, denied);

    private PwmOwners Owners => _site.Buses.Shared("pwm owners", static () => new PwmOwners());

    private string FindChip() => PwmChips.Find(_site.Ports.Root, _chipName, _site.Board, Id.Value);

    private string ChannelOf(string chip) => Path.Combine(chip, string.Create(CultureInfo.InvariantCulture, $"pwm{_number}"));

    private long Number(string directory, string file) => long.Parse(_files.Read(Path.Combine(directory, file)), CultureInfo.InvariantCulture);

    private void Put(string directory, string file, long number) => _files.Write(Path.Combine(directory, file), number.ToString(CultureInfo.InvariantCulture));
}
