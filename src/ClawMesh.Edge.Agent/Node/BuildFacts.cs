using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>What this binary is, from its own assembly.</summary>
internal static class BuildFacts
{
    private static readonly string Informational =
        typeof(BuildFacts).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0";

    public static string Version => Informational.Split('+')[0];

    /// <summary>The source revision, or <c>unknown</c> when it was not built from a repository.</summary>
    public static string Commit => Informational.Split('+') is [_, var commit] ? commit : "unknown";

    public static string Framework => RuntimeInformation.FrameworkDescription;

    public static string Rid => RuntimeInformation.RuntimeIdentifier;

    public static bool IsAot => !RuntimeFeature.IsDynamicCodeSupported;
}
