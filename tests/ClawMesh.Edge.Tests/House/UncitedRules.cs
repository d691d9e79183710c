namespace ClawMesh.Edge.Tests.House;

/// <summary>The rules of the wire that no test cites, each with its reason. A rule leaves this list when a test cites it.</summary>
internal static class UncitedRules
{
    private const string Planner = "about a classic planner's own rules and patterns; a node of ours plans by forecast and keeps none";

    public static readonly Dictionary<int, string> Reasons = new()
    {
        [45] = "advice for whoever configures the dialling side; this node can be commanded over either direction (W-148)",
        [83] = "advice for those who make frames; the results of commands must differ, and each is a key",
        [112] = "tells what a classic node advertises",
        [130] = Planner, [131] = Planner,
        [167] = "says what the protocol does not promise", [168] = "about changes of the protocol itself",
    };

    /// <summary>The same for the rules of the extensions, <c>X-n</c>.</summary>
    public static readonly Dictionary<int, string> ExtensionReasons = [];
}
