namespace ClawMesh.Edge.Core.Identity;

/// <summary>The words of <see cref="JoinPolicy"/> in <c>meshes.json</c> and on the command line.</summary>
public static class JoinPolicyWords
{
    public static string Word(this JoinPolicy policy) => policy switch
    {
        JoinPolicy.Auto => "auto",
        JoinPolicy.Ask => "ask",
        _ => "never",
    };

    public static JoinPolicy? Of(string? word) => word switch
    {
        "auto" => JoinPolicy.Auto,
        "ask" => JoinPolicy.Ask,
        "never" => JoinPolicy.Never,
        _ => null,
    };
}
