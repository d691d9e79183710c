using System.Globalization;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;

namespace ClawMesh.Edge.Mesh.Peers;

/// <summary>What a node knows about itself before it joins the mesh.</summary>
/// <param name="TrustProblem">Why the trust store cannot be used ([W-24]), or null.</param>
/// <param name="ListensBeyondLan">The mesh port takes callers from beyond the local network without TLS ([W-165]).</param>
/// <param name="StrictTransport">The node is not to start with a peer that must not be dialled ([W-164]).</param>
public sealed record StartFacts(
    NodeId Self,
    int Port,
    IReadOnlyList<string> StaticPeerTexts,
    bool Discovery,
    IReadOnlyList<string> Capabilities,
    string? TrustProblem,
    IReadOnlyDictionary<string, TrustEntry> Trusted,
    bool JournalAvailable,
    bool ClockSynchronised,
    bool ListensBeyondLan,
    bool StrictTransport = false);

/// <summary>The start diagnostics of a field node ([W-166]): errors first, then warnings, then what is good to know.</summary>
public static class StartDiagnostics
{
    private const int NamesShown = 5;

    public static IReadOnlyList<MeshDiagnostic> Collect(StartFacts facts)
    {
        var findings = new List<MeshDiagnostic>();
        void Add(DiagnosticLevel level, string code, string text) => findings.Add(new(level, code, text));

        if (facts.Port is < 0 or > 65535)
            Add(DiagnosticLevel.Error, DiagnosticErrorCodes.InvalidPort, string.Create(CultureInfo.InvariantCulture, $"Port {facts.Port} is outside of 0 to 65535. Correct port."));
        else if (facts.Port is > 0 and < 1024)
            Add(DiagnosticLevel.Warning, DiagnosticErrorCodes.PrivilegedPort, string.Create(CultureInfo.InvariantCulture, $"Port {facts.Port} is below 1024 and usually open to root alone. Take a higher one."));

        if (facts.TrustProblem is { } problem)
            Add(DiagnosticLevel.Error, "TRUST_STORE_UNREADABLE", $"The trust store cannot be used, so nobody is let in: {problem}");
        if (!facts.JournalAvailable)
            Add(DiagnosticLevel.Error, GateCodes.JournalUnavailable, "The actuation journal takes no record; no output moves. `clawmesh-edge diag storage` says what it needs.");

        findings.AddRange(StaticPeerDiagnostics.Collect(
            facts.Self, facts.StaticPeerTexts, facts.Discovery, facts.TrustProblem is null ? facts.Trusted.ContainsKey : null, facts.StrictTransport));

        if (facts.ListensBeyondLan)
            Add(DiagnosticLevel.Warning, DiagnosticErrorCodes.InsecureListener, "The mesh port can be reached from beyond the local network without TLS. Set host to a local address, or listen with TLS.");
        if (!facts.ClockSynchronised)
            Add(DiagnosticLevel.Warning, DiagnosticErrorCodes.ClockUnsynced, "The clock has no accepted source; peers may drop what this node says. `clawmesh-edge clock show` says what would help.");
        if (facts.TrustProblem is null && Unpinned(facts.Trusted) is { } unpinned)
            Add(DiagnosticLevel.Warning, DiagnosticErrorCodes.UnpinnedTrustEntry, unpinned);
        if (facts.Capabilities.Count == 0)
            Add(DiagnosticLevel.Info, DiagnosticErrorCodes.NoCapabilities, "This node announces no capability; nobody will look for it.");

        return ByLevel(findings);
    }

    private static string? Unpinned(IReadOnlyDictionary<string, TrustEntry> trusted)
    {
        var names = new List<string>();
        foreach (TrustEntry entry in trusted.Values)
        {
            if (entry.PublicKey is null) names.Add(entry.DeviceId.Abbreviated + "…");
        }

        if (names.Count == 0) return null;
        names.Sort(StringComparer.Ordinal);
        string shown = string.Join(", ", names.Count <= NamesShown ? names : names.GetRange(0, NamesShown));
        return string.Create(CultureInfo.InvariantCulture, $"{names.Count} trusted without a key ({shown}{(names.Count > NamesShown ? ", …" : "")}); the first key that proves the device id is kept. Let each connect once.");
    }

    private static List<MeshDiagnostic> ByLevel(List<MeshDiagnostic> findings)
    {
        var ordered = new List<MeshDiagnostic>(findings.Count);
        for (DiagnosticLevel level = DiagnosticLevel.Error; level <= DiagnosticLevel.Info; level++)
        {
            foreach (MeshDiagnostic finding in findings)
            {
                if (finding.Level == level) ordered.Add(finding);
            }
        }

        return ordered;
    }
}
