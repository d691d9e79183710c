namespace ClawMesh.Edge.Tests.House;

/// <summary>The rules of the wire that no test cites, each with its reason. A rule leaves this list when a test cites it.</summary>
internal static class UncitedRules
{
    private const string Discovery = "there is no discovery yet; it comes with joining";
    private const string Planner = "about a classic planner's own rules and patterns; a node of ours plans by forecast and keeps none";

    public static readonly Dictionary<int, string> Reasons = new()
    {
        [45] = "advice for whoever configures the dialling side; this node can be commanded over either direction (W-148)",
        [83] = "advice for those who make frames; the results of commands must differ, and each is a key",
        [89] = "edge.sync comes with signed frames",
        [112] = "tells what a classic node advertises",
        [33] = Discovery, [34] = Discovery, [35] = Discovery, [36] = Discovery, [37] = Discovery, [38] = Discovery,
        [130] = Planner, [131] = Planner,
        [167] = "says what the protocol does not promise", [168] = "about changes of the protocol itself",
    };

    /// <summary>The same for the rules of the extensions, <c>X-n</c>.</summary>
    public static readonly Dictionary<int, string> ExtensionReasons = [];

    private const string Elsewhere = "comes with this issue's other parts";

    /// <summary>Rules of signed frames and sync, of pairing and of the outbox, until their tests are here.</summary>
    public static readonly Dictionary<int, string> OtherParts = new()
    {
        [12] = Elsewhere, [13] = Elsewhere, [14] = Elsewhere, [15] = Elsewhere, [16] = Elsewhere, [17] = Elsewhere, [19] = Elsewhere, [20] = Elsewhere,
        [21] = Elsewhere, [22] = Elsewhere, [23] = Elsewhere, [24] = Elsewhere, [25] = Elsewhere, [26] = Elsewhere, [27] = Elsewhere, [28] = Elsewhere,
        [29] = Elsewhere, [30] = Elsewhere, [31] = Elsewhere, [32] = Elsewhere,
        [52] = Elsewhere, [53] = Elsewhere, [54] = Elsewhere, [55] = Elsewhere, [56] = Elsewhere, [57] = Elsewhere, [58] = Elsewhere, [59] = Elsewhere,
        [60] = Elsewhere, [61] = Elsewhere, [62] = Elsewhere, [63] = Elsewhere,
        [77] = Elsewhere, [78] = Elsewhere, [79] = Elsewhere,
    };
}
