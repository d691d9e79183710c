using ClawMesh.Edge.Hardware.Boards;
using ClawMesh.Edge.Hardware.Buses;
using ClawMesh.Edge.Hardware.Parts;
using ClawMesh.Edge.Hardware.Parts.Expanders;

namespace ClawMesh.Edge.Hardware.Sites;

/// <summary>What must hold between the entries of one I2C address: one kind of part, one user of an output, one frequency. Remembers who came first.</summary>
internal sealed class SiteChips(BoardDefinition? board)
{
    private readonly Dictionary<string, First> _chips = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _outputs = new(StringComparer.Ordinal);

    private sealed record First(string Driver, string? Frequency, string Path);

    public void Check(ConfigObject item, Part part, Dictionary<string, string> wiring)
    {
        if (wiring.Optional(BusKeys.Bus) is not { } bus || wiring.Optional(PartWiring.AddressKey) is not { } address) return;
        // A bus of the board may be called by its own name and by its device.
        string device = board?.Bus(bus)?.Device ?? (bus.StartsWith('/') ? bus : $"/dev/{bus}");
        string chip = $"{address} on {device}";
        string? frequency = wiring.Optional(Pca9685Output.FrequencyKey);
        if (!_chips.TryGetValue(chip, out First? first)) _chips[chip] = first = new First(part.Driver, frequency, item.Path);

        if (first.Driver != part.Driver)
        {
            item.Error(
                PartWiring.AddressKey,
                $"{item.PathOf(PartWiring.AddressKey)} is {chip}, where {first.Path} has a {first.Driver}; one address has one part.",
                "Set another address with the part's address pins, or correct the driver.");
            return;
        }

        if (first.Frequency != frequency)
        {
            item.Error(
                Pca9685Output.FrequencyKey,
                $"{item.PathOf(Pca9685Output.FrequencyKey)} is {frequency}, {first.Path}.{Pca9685Output.FrequencyKey} is {first.Frequency}; all outputs of one chip have one frequency.",
                "Give them the same, or use another chip.");
        }

        if (part is OutputPart && wiring.Optional(ExpanderOutput.PinKey) is { } output && !_outputs.TryAdd($"{chip} {output}", item.Path))
        {
            item.Error(
                ExpanderOutput.PinKey,
                $"{item.PathOf(ExpanderOutput.PinKey)} is {output} of the {part.Driver} {chip}, which {_outputs[$"{chip} {output}"]} uses already; an output has one user.",
                "Choose a free one.");
        }
    }
}
