using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Mesh.Transport;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Mesh.Transport;

public sealed class WebSocketLinkTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Closing_a_link_that_had_ended_used_to_throw_into_the_tick()
    {
        using Pair pair = await Pair.OpenAsync();

        pair.HangUp();
        await pair.Running.WaitAsync(Patience, Ct);

        Assert.Equal(1006, Assert.Single(pair.Ends).Status);
        Assert.Null(Record.Exception(() => pair.Link.Close(1008, "no longer trusted")));
        Assert.Null(Record.Exception(() => pair.Link.Close(1000, "again")));
        Assert.Single(pair.Ends);
    }

    [Fact]
    public async Task Closing_a_link_again_after_its_own_close_was_carried_out_does_not_throw()
    {
        using Pair pair = await Pair.OpenAsync();

        pair.Link.Close(1000, "done");
        pair.HangUp();
        await pair.Running.WaitAsync(Patience, Ct);

        Assert.Null(Record.Exception(() => pair.Link.Close(1008, "no longer trusted")));
        Assert.Single(pair.Ends);
    }

    [Fact]
    public async Task A_close_arrives_with_its_own_code_and_reason_after_what_was_queued_and_the_first_one_counts()
    {
        using Pair pair = await Pair.OpenAsync();
        pair.Link.Queue.TryAdd(new OutboundMessage(MessageClass.Control, "{}"u8.ToArray()));

        pair.Link.Close(1008, "no longer trusted");
        pair.Link.Close(1000, "superseded");

        byte[] buffer = new byte[256];
        WebSocketReceiveResult queued = await pair.Client.ReceiveAsync(buffer, Ct).WaitAsync(Patience, Ct);
        Assert.Equal((WebSocketMessageType.Text, 2), (queued.MessageType, queued.Count));
        WebSocketReceiveResult close = await pair.Client.ReceiveAsync(buffer, Ct).WaitAsync(Patience, Ct);
        Assert.Equal(WebSocketMessageType.Close, close.MessageType);
        Assert.Equal((WebSocketCloseStatus.PolicyViolation, "no longer trusted"), (pair.Client.CloseStatus, pair.Client.CloseStatusDescription));

        await pair.Client.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, Ct);
        await pair.Running.WaitAsync(Patience, Ct);
        Assert.Single(pair.Ends);
    }

    /// <summary>A link over a real loopback connection; the test holds the other end.</summary>
    private sealed class Pair : ILinkUser, IDisposable
    {
        private readonly TcpClient _near;
        private readonly TcpClient _far;

        private Pair(TcpClient near, TcpClient far)
        {
            (_near, _far) = (near, far);
            var time = new ManualTime();
            Client = WebSocket.CreateFromStream(far.GetStream(), new WebSocketCreationOptions { IsServer = false });
            var facts = new LinkFacts(Dialled: false, "test:1", IPAddress.Loopback, OnLoopback: true, CertificateHash: null);
            ILink? opened = null;
            Running = WebSocketLink.RunAsync(
                near.GetStream(), facts, SendLimits.Default, time,
                link =>
                {
                    opened = link;
                    return this;
                },
                () => { }, new EventLog(time), CancellationToken.None);
            // Handed over before the first wait.
            Link = opened!;
        }

        public ILink Link { get; }

        public WebSocket Client { get; }

        public Task Running { get; }

        public List<(int Status, string Reason)> Ends { get; } = [];

        public static async Task<Pair> OpenAsync()
        {
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            var far = new TcpClient();
            await far.ConnectAsync(IPAddress.Loopback, ((IPEndPoint)listener.LocalEndpoint).Port, Ct);
            return new Pair(await listener.AcceptTcpClientAsync(Ct), far);
        }

        /// <summary>The connection is gone without a close.</summary>
        public void HangUp() => _far.Close();

        public void Receive(ReadOnlyMemory<byte> utf8) => Assert.Fail("nothing is sent to this end");

        public void Ended(int status, string reason) => Ends.Add((status, reason));

        public void Dispose()
        {
            Client.Dispose();
            _far.Dispose();
            _near.Dispose();
        }
    }
}
