using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using ClawMesh.Edge.Trust;

namespace ClawMesh.Edge.Tests.House;

/// <summary>The walls between the projects, as ARCHITECTURE.md draws them and the compiler keeps them.</summary>
public sealed partial class WallTests
{
    [Fact]
    public void Project_references_match_the_block_in_ARCHITECTURE_md()
    {
        IEnumerable<string> drawn = MarkdownPage.Block(Repository.Text("ARCHITECTURE.md"), "edges").Split('\n')
            .Where(line => line.Length > 0)
            .Select(line => line.Split("->"))
            .Select(edge => Edge(edge[0], edge[1].Split(' ', StringSplitOptions.RemoveEmptyEntries)));

        IEnumerable<string> built = Repository.ShippedProjects()
            .Select(p => Edge(p.Name, [.. Items(p.File, "ProjectReference").Select(r => Repository.ShortName(r.Replace('\\', '/')))]));

        Assert.Equal(built.Order(StringComparer.Ordinal), drawn.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Unsafe_code_is_allowed_in_Native_alone()
    {
        IEnumerable<string> allowed = Repository.Files
            .Where(f => BuildFile().IsMatch(f.Path) && f.Text.Contains("AllowUnsafeBlocks", StringComparison.Ordinal))
            .Select(f => f.Path);

        Assert.Equal(["hw/ClawMesh.Edge.Native/ClawMesh.Edge.Native.csproj"], allowed);
    }

    [Fact]
    public void Native_calls_stand_in_Native_alone()
    {
        IEnumerable<string> elsewhere = Repository.CSharp("src", "hw", "tests")
            .Where(f => !f.IsUnder("hw/ClawMesh.Edge.Native"))
            .SelectMany(f => NativeCall().Matches(f.Text).Select(m => f.At(m.Index)));

        Assert.Empty(elsewhere);
    }

    [Fact]
    public void Internals_are_visible_to_the_unit_tests_only_and_those_of_Native_to_Hardware()
    {
        IEnumerable<string> friends = Repository.ShippedProjects()
            .SelectMany(p => Items(p.File, "InternalsVisibleTo").Select(friend => $"{p.Name} -> {Repository.ShortName(friend + ".csproj")}"))
            .Where(friendship => !friendship.EndsWith(" -> Tests", StringComparison.Ordinal));

        Assert.Equal(["Native -> Hardware"], friends);
        Assert.DoesNotContain(Repository.CSharp("src", "hw"), f => f.Text.Contains("[assembly: InternalsVisibleTo", StringComparison.Ordinal));
    }

    [Fact]
    public void Nobody_outside_Trust_can_construct_a_permit()
    {
        Assert.All(typeof(Permit).GetConstructors(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance), c => Assert.True(c.IsAssembly));

        IEnumerable<string> elsewhere = Repository.CSharp("src", "hw")
            .Where(f => !f.IsUnder("src/ClawMesh.Edge.Trust"))
            .SelectMany(f => PermitMade().Matches(f.Text).Select(m => f.At(m.Index)));
        Assert.Empty(elsewhere);
    }

    [Fact]
    public void A_clone_needs_nothing_from_beside_it()
    {
        IEnumerable<string> outward = Repository.Files
            .Where(f => BuildFile().IsMatch(f.Path) && f.IsUnder("src", "hw") && f.Text.Contains("/shared", StringComparison.Ordinal))
            .Select(f => f.Path);
        Assert.Empty(outward);

        string root = Repository.Root + Path.DirectorySeparatorChar;
        IEnumerable<string> outside = Repository.ShippedProjects()
            .SelectMany(p => Items(p.File, "ProjectReference").Select(r => Path.GetFullPath(r, Path.Combine(Repository.Root, p.File.Folder))))
            .Where(target => !target.StartsWith(root, StringComparison.Ordinal));
        Assert.Empty(outside);
    }

    private static IEnumerable<string> Items(RepositoryFile project, string kind) =>
        XDocument.Parse(project.Text).Descendants(kind).Select(item => item.Attribute("Include")?.Value).OfType<string>();

    private static string Edge(string from, IReadOnlyList<string> to) => $"{from.Trim()} -> {string.Join(' ', to.Order(StringComparer.Ordinal))}";

    [GeneratedRegex(@"\.(csproj|props|targets)$")]
    private static partial Regex BuildFile();

    [GeneratedRegex(@"\[\s*(?:LibraryImport|DllImport)\s*\(")]
    private static partial Regex NativeCall();

    [GeneratedRegex(@"\bnew\s+Permit\s*\(")]
    private static partial Regex PermitMade();
}
