using ClawMesh.Edge.Agent.Cli;
using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Tests.Agent.Config;

public sealed class StateDirectoryTests
{
    [Theory]
    [InlineData("/a/flag", "/a/variable", "id", "/a/unit", "/a/flag", "--state-dir")]
    [InlineData("/a/../b/", "", "", "", "/b/", "--state-dir")]
    [InlineData("  ", "/a/variable", "id", "/a/unit", "/a/variable", "CLAWMESH_STATE_DIR")]
    [InlineData(null, " /a/variable ", "", "", "/a/variable", "CLAWMESH_STATE_DIR")]
    [InlineData(null, "", "id", "/a/unit:/a/second", "/a/unit", "run by the systemd unit")]
    public void The_first_of_flag_variable_and_unit_decides(string? flag, string variable, string invocation, string unit, string path, string origin)
    {
        StateDirectory state = StateDirectory.Resolve(flag, Environment(variable, invocation, unit));

        Assert.Equal((path, origin), (state.Path, state.Origin));
    }

    [Theory]
    [InlineData("id", "")]
    [InlineData("", "/a/unit")]
    public void Without_any_of_them_it_is_the_users_own_unless_the_service_is_installed(string invocation, string unit)
    {
        StateDirectory state = StateDirectory.Resolve(null, Environment("", invocation, unit));

        Assert.Equal(state.Origin == "default for a user" ? "/home/anna/.clawmesh" : StateDirectory.Service, state.Path);
    }

    [Theory]
    [InlineData(107, true)]
    [InlineData(108, false)]
    public void A_socket_path_may_have_107_bytes(int bytes, bool fits)
    {
        // Two bytes a letter: the kernel counts bytes, not characters.
        string path = "/" + (bytes % 2 == 0 ? "x" : "") + new string('ä', (bytes - 1) / 2);

        if (fits)
        {
            Assert.Equal(path, StateDirectory.CheckSocketPath(path));
            return;
        }

        var fault = Assert.Throws<EdgeException>(() => StateDirectory.CheckSocketPath(path));
        Assert.Equal(ErrorCodes.SocketPathTooLong, fault.Code);
        Assert.Contains("108 bytes", fault.Why, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Usage, ExitCodes.For(fault));
    }

    [Fact]
    public void Two_state_directories_never_share_a_fallback_socket()
    {
        var one = new StateDirectory("/a/one", "test");
        var two = new StateDirectory("/a/two", "test");

        Assert.Empty(one.SocketCandidates().Intersect(two.SocketCandidates()));
        Assert.Equal("/a/one/edge.sock", one.SocketCandidates()[0]);
        Assert.Equal(StateDirectory.ServiceSocket, new StateDirectory(StateDirectory.Service, "test").SocketCandidates()[0]);
    }

    private static Func<string, string?> Environment(string variable, string invocation, string unit) => name => name switch
    {
        "CLAWMESH_STATE_DIR" => variable,
        "INVOCATION_ID" => invocation,
        "STATE_DIRECTORY" => unit,
        "HOME" => "/home/anna",
        _ => null,
    };
}
