using System.Net.Sockets;
using System.Text;
using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Agent.Update;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Agent.Update;

public sealed class UpdateHostTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("""{"id":"cli-1","ok":"yes"}""")]
    [InlineData("""{"id":"cli-1"}""")]
    [InlineData("""{"id":"cli-1","ok":true}""")]
    [InlineData("""{"id":"cli-1","ok":true,"payload":7}""")]
    [InlineData("""[1]""")]
    [InlineData("no json")]
    public async Task Whatever_makes_no_sense_behind_the_socket_is_a_node_that_does_not_answer(string answer)
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        using var door = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        door.Bind(new UnixDomainSocketEndPoint(_scratch.At("edge.sock")));
        door.Listen(1);
        Task speaking = Task.Run(
            async () =>
            {
                using Socket caller = await door.AcceptAsync(stop);
                await caller.ReceiveAsync(new byte[4096], stop);
                await caller.SendAsync(Encoding.UTF8.GetBytes(answer + "\n"), stop);
                await caller.ReceiveAsync(new byte[4096], stop);
            },
            stop);

        NodeSight seen = await new UpdateHost(new UpdatePaths(_scratch.Path), new StateDirectory(_scratch.Path, ""), TimeProvider.System).LookAtNodeAsync(stop);

        Assert.False(seen.Answers);
        Assert.NotEqual("", seen.Problem);
        await speaking;
    }
}
