namespace ClawMesh.Edge.Agent.Llm;

/// <summary>Which model this node serves.</summary>
/// <param name="Provider">The name in the capability: letters, digits, dots, dashes and underscores.</param>
/// <param name="Model">As the server names it.</param>
/// <param name="MaxTokens">The longest answer anybody may ask for, and what is asked for when nobody says.</param>
internal sealed record LlmOptions(LlmEndpoint Endpoint, string Provider, string Model, int MaxTokens)
{
    public const int MaxNameLength = 96;

    /// <summary>[W-143].</summary>
    public string Capability => $"llm:{Provider}/{Model}";

    /// <summary>The model by its own name, or with its provider in front.</summary>
    public bool IsCalled(string name) => name == Model || name == $"{Provider}/{Model}";

    /// <summary>What is wrong with a name of a provider or a model; null when nothing is. A capability is printable ASCII and short.</summary>
    public static string? NameProblem(string name, bool slashes)
    {
        if (name.Length is 0 or > MaxNameLength) return $"is {name.Length} characters long";
        foreach (char c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '-' or '_') && !(slashes && c is '/' or ':' or '@' or '+')) return $"holds '{(char.IsControl(c) ? ' ' : c)}'";
        }

        return null;
    }
}
