using ClawMesh.Edge.Core.Actuation;

namespace ClawMesh.Edge.Hardware.Parts.Kernel;

/// <summary>
/// Which output of a site has which PWM channel: in user space the kernel lets everybody write to it, and a site may name one controller
/// in several ways. Bounded by the site's outputs. Thread-safe.
/// </summary>
internal sealed class PwmOwners : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, string> _owners = new(StringComparer.Ordinal);

    /// <summary>Gives the channel to <paramref name="output"/>, and what it had before back: the controller may have another number now.</summary>
    /// <param name="chip">As the kernel numbers it, <c>pwmchip3</c>: the one name that only one controller has.</param>
    /// <returns>Null; or who has it already.</returns>
    public string? Take(string chip, int channel, ActuatorId output)
    {
        string wanted = Key(chip, channel);
        lock (_lock)
        {
            if (_owners.TryGetValue(wanted, out string? owner) && owner != output.Value) return owner;
            foreach ((string key, string had) in _owners)
            {
                if (had == output.Value && key != wanted) _owners.Remove(key);
            }

            _owners[wanted] = output.Value;
            return null;
        }
    }

    /// <summary>Null when nobody has it.</summary>
    public string? OwnerOf(string chip, int channel)
    {
        lock (_lock) return _owners.GetValueOrDefault(Key(chip, channel));
    }

    public void Dispose()
    {
    }

    private static string Key(string chip, int channel) => $"{chip} {channel}";
}
