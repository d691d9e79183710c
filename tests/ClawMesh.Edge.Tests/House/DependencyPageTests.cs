using System.Xml.Linq;

namespace ClawMesh.Edge.Tests.House;

/// <summary>Every package has a line that says why it is here, and no line outlives its package.</summary>
public sealed class DependencyPageTests
{
    [Fact]
    public void Every_package_has_a_row_with_its_version_in_the_dependencies_page_and_the_other_way_round()
    {
        IEnumerable<string> central = XDocument.Parse(Repository.Text("Directory.Packages.props")).Descendants("PackageVersion")
            .Select(p => $"{p.Attribute("Include")!.Value} {p.Attribute("Version")!.Value}");

        IEnumerable<string> described = MarkdownPage.Rows(MarkdownPage.Section(Repository.Text("docs/dependencies.md"), "NuGet packages"))
            .Skip(2)
            .Select(row => $"{row[0]} {row[1]}");

        Assert.Equal(central.Order(StringComparer.Ordinal), described.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_package_is_referenced_by_some_project()
    {
        HashSet<string> referenced = Repository.Files
            .Where(f => f.Path.EndsWith(".csproj", StringComparison.Ordinal) || f.Path.EndsWith(".props", StringComparison.Ordinal))
            .SelectMany(f => XDocument.Parse(f.Text).Descendants("PackageReference").Select(p => p.Attribute("Include")?.Value).OfType<string>())
            .ToHashSet(StringComparer.Ordinal);

        IEnumerable<string> idle = XDocument.Parse(Repository.Text("Directory.Packages.props")).Descendants("PackageVersion")
            .Select(p => p.Attribute("Include")!.Value)
            .Where(p => !referenced.Contains(p));
        Assert.Empty(idle);
    }
}
