using System.Net.Sockets;
using System.Text;
using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Hardware.Linux;

public sealed class ServiceManagerTests : IDisposable
{
    private const int Pid = 4242;

    private readonly ScratchDirectory _scratch = new();
    private readonly Dictionary<string, string> _environment = [];
    private Socket? _manager;

    [Fact]
    public void Words_arrive_as_sd_notify_writes_them()
    {
        Listen(_scratch.At("notify"));
        using ServiceManager service = Open()!;

        service.Ready("8 sensors");
        service.Status("two\nlines");
        service.Kick();
        service.Stopping();

        Assert.Equal(["READY=1\nSTATUS=8 sensors", "STATUS=two lines", "WATCHDOG=1", "STOPPING=1"], Received());
        Assert.Null(service.WatchdogInterval);
    }

    [Fact]
    public void A_reload_says_by_the_monotonic_clock_when_it_began()
    {
        Listen(_scratch.At("notify"));
        using ServiceManager service = Open()!;

        service.Reloading(TimeSpan.FromMicroseconds(1_234_567_890));
        service.Ready("8 sensors");

        Assert.Equal(["RELOADING=1\nMONOTONIC_USEC=1234567890", "READY=1\nSTATUS=8 sensors"], Received());
    }

    [Fact]
    public void An_abstract_name_begins_with_an_at_sign()
    {
        string name = $"clawmesh-test-{Environment.ProcessId}";
        Listen("\0" + name, $"@{name}");
        using ServiceManager service = Open()!;

        service.Kick();

        Assert.Equal(["WATCHDOG=1"], Received());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("vsock:2:1234")]
    [InlineData("relative/path")]
    public void Without_a_manager_there_is_nobody_to_tell(string? socket)
    {
        if (socket is not null) _environment["NOTIFY_SOCKET"] = socket;

        Assert.Null(Open());
        _environment["NOTIFY_SOCKET"] = "/" + new string('x', 108);
        Assert.Null(Open());
    }

    [Theory]
    [InlineData("20000000", null, 20_000)]
    [InlineData("20000000", "4242", 20_000)]
    [InlineData("20000000", "4243", null)]
    [InlineData("0", null, null)]
    [InlineData("soon", null, null)]
    [InlineData(null, "4242", null)]
    public void The_watchdog_counts_only_when_it_is_meant_for_this_process(string? microseconds, string? pid, int? milliseconds)
    {
        Listen(_scratch.At("notify"));
        if (microseconds is not null) _environment["WATCHDOG_USEC"] = microseconds;
        if (pid is not null) _environment["WATCHDOG_PID"] = pid;

        using ServiceManager service = Open()!;

        Assert.Equal(milliseconds, service.WatchdogInterval?.TotalMilliseconds);
    }

    [Fact]
    public void A_manager_that_is_gone_or_full_costs_nothing_and_one_that_is_back_is_found()
    {
        _environment["NOTIFY_SOCKET"] = _scratch.At("notify");
        using ServiceManager service = Open()!;
        service.Kick();

        Listen(_scratch.At("notify"));
        // Nobody reads: after some the queue is full, and the call still returns.
        for (int i = 0; i < 5000; i++) service.Kick();
        Assert.NotEmpty(Received());

        _manager!.Dispose();
        File.Delete(_scratch.At("notify"));
        service.Kick();
        service.Kick();
        Listen(_scratch.At("notify"));
        service.Status("back");
        Assert.Equal(["STATUS=back"], Received());
    }

    [Fact]
    public void A_kick_allocates_nothing()
    {
        Listen(_scratch.At("notify"));
        using ServiceManager service = Open()!;
        for (int i = 0; i < 5; i++) service.Kick();

        long before = GC.GetAllocatedBytesForCurrentThread();
        // Most of them into a full queue.
        for (int i = 0; i < 1000; i++) service.Kick();

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void After_its_end_it_is_silent()
    {
        Listen(_scratch.At("notify"));
        ServiceManager service = Open()!;

        service.Dispose();
        service.Kick();
        service.Stopping();

        Assert.Empty(Received());
    }

    public void Dispose()
    {
        _manager?.Dispose();
        _scratch.Dispose();
    }

    private ServiceManager? Open() => ServiceManager.FromEnvironment(_environment.GetValueOrDefault, Pid);

    private void Listen(string path, string? variable = null)
    {
        _environment["NOTIFY_SOCKET"] = variable ?? path;
        _manager = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        _manager.Bind(new UnixDomainSocketEndPoint(path));
        _manager.Blocking = false;
    }

    private List<string> Received()
    {
        var words = new List<string>();
        byte[] buffer = new byte[1024];
        while (true)
        {
            int read = _manager!.Receive(buffer, 0, buffer.Length, SocketFlags.None, out SocketError error);
            if (error != SocketError.Success) return words;
            words.Add(Encoding.UTF8.GetString(buffer, 0, read));
        }
    }
}
