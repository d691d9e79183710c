using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Hardware.Inference.Onnx;

/// <param name="Reason">Why it was not taken; empty for the one that was.</param>
public sealed record ProviderOutcome(OrtProvider Provider, bool Used, string Reason)
{
    /// <summary>For example <c>CUDA: this library was built without it</c>.</summary>
    public override string ToString() => Used ? $"{OrtOptions.NameOf(Provider)}: used" : $"{OrtOptions.NameOf(Provider)}: {Reason}";
}

/// <summary>Which provider a model runs on: the first that works, where working means that it has run the model and given its golden output.</summary>
internal static class ProviderChoice
{
    /// <param name="open">Makes the model ready on a provider and runs it once.</param>
    /// <returns>What was opened, and one outcome for every provider there is.</returns>
    /// <exception cref="EdgeException">That of the CPU, when not even it works.</exception>
    public static (T Opened, IReadOnlyList<ProviderOutcome> Outcomes) First<T>(OrtProvider? asked, Func<OrtProvider, T> open)
        where T : class
    {
        var outcomes = new List<ProviderOutcome>();
        T? opened = null;
        OrtProvider used = OrtProvider.Cpu;
        for (OrtProvider provider = OrtProvider.TensorRt; provider <= OrtProvider.Cpu; provider++)
        {
            string? reason = opened is not null ? $"not needed, {OrtOptions.NameOf(used)} is used" : NotAsked(asked, provider);
            if (reason is null)
            {
                try
                {
                    (opened, used) = (open(provider), provider);
                }
                catch (EdgeException unusable) when (provider != OrtProvider.Cpu)
                {
                    reason = unusable.Why;
                }
            }

            outcomes.Add(new ProviderOutcome(provider, reason is null, reason ?? ""));
        }

        return (opened!, outcomes);
    }

    private static string? NotAsked(OrtProvider? asked, OrtProvider provider) =>
        provider == OrtProvider.Cpu || asked == provider ? null
        : asked is { } other ? $"not asked for, models.provider is {OrtOptions.ProviderWords[(int)other + 1]}"
        : provider == OrtProvider.WebGpu ? "taken only when models.provider is webgpu"
        : null;
}
