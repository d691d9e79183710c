using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Tests.House;

namespace ClawMesh.Edge.Tests.Agent.Config;

public sealed class ConfigurationPageTests
{
    [Fact]
    public void The_page_about_the_configuration_is_what_the_node_checks()
    {
        if (Environment.GetEnvironmentVariable("CLAWMESH_WRITE_PAGES") == "1") File.WriteAllText(Path.Combine(Repository.Root, "docs/configuration.md"), ConfigurationPage.Render());

        Assert.Equal(ConfigurationPage.Render(), Repository.Text("docs/configuration.md"));
    }
}
