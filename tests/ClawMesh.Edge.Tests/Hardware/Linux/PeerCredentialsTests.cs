using System.Net;
using System.Net.Sockets;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Hardware.Linux;

public class PeerCredentialsTests
{
    [Fact]
    public void The_kernel_says_who_connected()
    {
        using var scratch = new ScratchDirectory();
        var address = new UnixDomainSocketEndPoint(scratch.At("s"));
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(address);
        listener.Listen(1);
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        client.Connect(address);
        using Socket accepted = listener.Accept();

        PeerCredentials caller = PeerCredentials.Of(accepted);

        Assert.Equal(Environment.ProcessId, caller.ProcessId);
        Assert.Equal(HostKernel.EffectiveUserId, caller.UserId);
    }

    [Fact]
    public void A_TCP_socket_is_nobody()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = new TcpClient();
        client.Connect((IPEndPoint)listener.LocalEndpoint);

        var fault = Assert.Throws<EdgeException>(() => PeerCredentials.Of(client.Client));

        Assert.Equal("socket.no_credentials", fault.Code);
        Assert.Equal(FailureClass.Auth, fault.FailureClass);
    }
}
