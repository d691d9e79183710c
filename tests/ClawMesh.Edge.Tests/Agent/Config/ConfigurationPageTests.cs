using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Tests.House;

namespace ClawMesh.Edge.Tests.Agent.Config;

public sealed class ConfigurationPageTests
{
    [Fact]
    public void The_page_about_the_configuration_is_what_the_node_checks()
    {
        Assert.Equal(ConfigurationPage.Render(), Repository.Text("docs/configuration.md"));
    }
}
