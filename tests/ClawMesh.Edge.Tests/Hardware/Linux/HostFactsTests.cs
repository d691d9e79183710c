using System.Net;
using System.Net.Sockets;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.Native.Linux;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Hardware.Linux;

public sealed class HostFactsTests : IDisposable
{
    private readonly ScratchDirectory _root = new();

    [Theory]
    [InlineData(0, 0, true)]
    [InlineData(0, ClockAdjustment.StatusUnsynchronised, false)]
    [InlineData(ClockAdjustment.StateError, 0, false)]
    [InlineData(1, ClockAdjustment.StatusNanoseconds, true)]
    public void A_clock_is_disciplined_only_when_the_kernel_says_so_twice(int state, int status, bool disciplined)
    {
        var timex = new ClockTimex { Status = status, MaxError = 16_000, EstimatedError = 1_500, Offset = 2_000_000 };

        KernelClockReading reading = KernelClock.Judge(state, timex);

        Assert.Equal(disciplined, reading.Disciplined);
        Assert.Equal(16.0, reading.MaxErrorMs);
        Assert.Equal(1.5, reading.EstimatedErrorMs);
        Assert.Equal((status & ClockAdjustment.StatusNanoseconds) != 0 ? 2.0 : 2000.0, reading.OffsetMs);
    }

    [Fact]
    public void This_kernel_s_clock_can_be_read()
    {
        KernelClockReading reading = KernelClock.Read();

        Assert.True(reading.MaxErrorMs >= 0);
        Assert.StartsWith("kernel: ", reading.Source);
    }

    [Fact]
    public void Without_adjtimex_only_the_mark_of_timesyncd_vouches()
    {
        Assert.True(KernelClock.WithoutKernel("EPERM", timesyncMark: true).Disciplined);
        Assert.False(KernelClock.WithoutKernel("EPERM", timesyncMark: false).Disciplined);
        Assert.Contains("EPERM", KernelClock.WithoutKernel("EPERM", timesyncMark: false).Source);
    }

    [Fact]
    public void A_file_system_has_a_size_and_the_type_of_its_mount()
    {
        FileSystemFacts proc = FileSystemFacts.Of("/proc");
        FileSystemFacts scratch = FileSystemFacts.Of(_root.Path);

        Assert.Equal("proc", proc.Type);
        Assert.InRange(scratch.FreeBytes, 1, scratch.TotalBytes);
        Assert.InRange(scratch.FreePercent, 0, 100);
        Assert.False(scratch.ReadOnly);
    }

    [Fact]
    public void A_link_is_followed_to_the_file_system_it_leads_to()
    {
        Directory.CreateSymbolicLink(_root.At("link"), "/proc");

        Assert.Equal("proc", FileSystemFacts.Of(_root.At("link")).Type);
    }

    [Fact]
    public void A_path_that_is_not_there_is_a_storage_fault()
    {
        var fault = Assert.Throws<EdgeException>(() => FileSystemFacts.Of(_root.At("nowhere")));

        Assert.Equal("storage.stat_failed", fault.Code);
        Assert.Equal(FailureClass.Storage, fault.FailureClass);
    }

    [Fact]
    public void Mountinfo_is_read_by_mount_id_whatever_optional_fields_stand_between()
    {
        string[] mountinfo =
        [
            "2 1 8:1 / / rw - ext4 /dev/sda1 rw",
            "22 2 0:21 / /proc rw,relatime shared:7 master:1 - proc proc rw",
            "223 2 0:9 / /data rw - btrfs /dev/sdb rw",
        ];

        Assert.Equal("proc", FileSystemFacts.TypeOfMount("22", mountinfo));
        Assert.Equal("ext4", FileSystemFacts.TypeOfMount("2", mountinfo));
        Assert.Null(FileSystemFacts.TypeOfMount("3", mountinfo));
    }

    [Fact]
    public void The_safety_thread_says_what_priority_it_got()
    {
        string words = "";
        var thread = new Thread(() => words = SafetyScheduling.RaiseForSafety());
        thread.Start();
        thread.Join();

        Assert.Matches("^(SCHED_FIFO priority|nice -|normal priority)", words);
    }

    [Fact]
    public void Memory_of_this_process_is_counted()
    {
        ProcessFacts facts = ProcessFacts.OfThisProcess();

        Assert.InRange(facts.PssBytes, 1_000_000, facts.RssBytes);
    }

    [Fact]
    public void A_kernel_without_smaps_rollup_is_a_fault_and_not_a_zero()
    {
        var fault = Assert.Throws<EdgeException>(() => ProcessFacts.From(_root.At("smaps_rollup")));

        Assert.Equal("host.read_failed", fault.Code);
    }

    [Fact]
    public void The_holder_of_a_busy_port_is_this_process()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();

        PortHolder? holder = PortHolder.Find(((IPEndPoint)listener.LocalEndpoint).Port);

        Assert.Equal(Environment.ProcessId, holder?.ProcessId);
        Assert.NotEqual("", holder?.Name);
    }

    [Fact]
    public void A_holder_is_found_through_the_tcp6_table_and_its_descriptor()
    {
        const string Header = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
        _root.Put("proc/net/tcp", Header + "   0: 0100007F:4965 00000000:0000 01 00000000:00000000 00:00000000 00000000     0        0 11 1\n");
        _root.Put("proc/net/tcp6", Header + "   0: 00000000000000000000000000000000:4965 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1\n");
        _root.Put("proc/812/comm", "node\n");
        _root.Put("proc/self/comm", "other\n");
        Directory.CreateDirectory(_root.At("proc/812/fd"));
        File.CreateSymbolicLink(_root.At("proc/812/fd/3"), "socket:[4711]");

        Assert.Equal(new PortHolder(812, "node", 1000), PortHolder.Find(18789, _root.Path));
        Assert.Equal("pid 812 (node)", PortHolder.Find(18789, _root.Path)?.ToString());

        File.Delete(_root.At("proc/812/fd/3"));
        Assert.Equal("a process of user 1000", PortHolder.Find(18789, _root.Path)?.ToString());
        Assert.Null(PortHolder.Find(18790, _root.Path));
        Assert.Null(PortHolder.Find(18789, _root.At("empty")));
    }

    [Theory]
    [InlineData("flags\t\t: fpu abm avx avx2 bmi1 bmi2 fma movbe popcnt\n", "")]
    [InlineData("model name\t: Old\nflags\t\t: fpu avx sse4_2 popcnt\n", "avx2, bmi1, bmi2, fma, abm, movbe")]
    public void An_older_processor_is_described_in_a_sentence(string cpuinfo, string missing)
    {
        string? sentence = CpuFeatures.CheckX64(_root.Put("proc/cpuinfo", cpuinfo));

        if (missing.Length == 0) Assert.Null(sentence);
        else Assert.StartsWith($"This processor lacks {missing};", sentence);
    }

    public void Dispose() => _root.Dispose();
}
