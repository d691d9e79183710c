using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Hardware.Identity;

namespace ClawMesh.Edge.Agent.Diag;

/// <summary>
/// The trust store of [W-23]: it parses, each key belongs to its device id ([W-25]), and what each device may do here ([X-11]), in
/// words. A file that cannot be parsed is left as it is ([W-24]).
/// </summary>
internal static class TrustStoreCheck
{
    public static CheckOutcome Run(DiagContext context)
    {
        string path = Path.Combine(context.State.Path, TrustedPeersFile.RelativePath);
        if (context.SkipIfClosed(path) is { } closed) return closed;
        return Judge(new TrustedPeersFile(context.State.Path, context.Time));
    }

    private static CheckOutcome Judge(TrustedPeersFile store)
    {
        if (store.Problem is { } problem)
        {
            return CheckOutcome.Fail(
                FailureClass.Auth, "the trust store cannot be used; no peer is let in",
                $"Restore '{store.FilePath}' from a backup or correct it by hand; the node never rewrites it. Moving it away means: nobody is trusted.")
                .Because(problem).With("path", store.FilePath);
        }

        var peers = new List<string>();
        var unpinned = new List<string>();
        foreach (TrustEntry entry in store.Entries.Values)
        {
            peers.Add($"{$"{entry.DeviceId} {entry.DisplayName}".TrimEnd()}: {GrantText.Describe(entry.Grants)}");
            if (entry.PublicKey is null) unpinned.Add($"UNPINNED_TRUST_ENTRY: {entry.DeviceId} has no key yet; the first one that comes is pinned");
        }

        CheckOutcome outcome = store.Warnings.Count == 0
            ? CheckOutcome.Pass(peers.Count == 0 ? "no peer is trusted yet" : $"{DiagText.Count(peers.Count, "peer")} trusted")
            : CheckOutcome.Warn(FailureClass.Auth, Amiss(store), $"Correct or remove those entries in '{store.FilePath}'; an edit counts at once.").Because(store.Warnings);
        return outcome.Because(peers).Because(unpinned)
            .With("peers", peers.Count).With("unusable", store.UnusableEntries).With("unpinned", unpinned.Count);
    }

    private static string Amiss(TrustedPeersFile store)
    {
        int grants = store.Warnings.Count - store.UnusableEntries;
        return $"{DiagText.Count(store.Entries.Count, "peer")} trusted"
            + (store.UnusableEntries > 0 ? $", {store.UnusableEntries} not usable" : "")
            + (grants > 0 ? $", {DiagText.Count(grants, "grant")} not understood" : "");
    }
}
