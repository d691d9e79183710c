using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ClawMesh.Edge.Native.Linux;
using ClawMesh.Edge.Native.Linux.Gpio;
using Microsoft.Win32.SafeHandles;
using ClawMesh.Edge.Native.Linux.Serial;

namespace ClawMesh.Edge.Tests.Native;

public class LinuxStructTests
{
    [Fact]
    public void Kernel_structures_have_the_size_of_the_headers()
    {
        Assert.Equal(208, Unsafe.SizeOf<ClockTimex>());
        Assert.Equal(112, Unsafe.SizeOf<FileSystemCounts>());
        Assert.Equal(12, Unsafe.SizeOf<UnixCredentials>());
        Assert.Equal(68, Unsafe.SizeOf<GpioChipInfo>());
        Assert.Equal(256, Unsafe.SizeOf<GpioLineInfo>());
        Assert.Equal(592, Unsafe.SizeOf<GpioLineRequest>());
        Assert.Equal(24, Unsafe.SizeOf<GpioLineAttribute>());
        Assert.Equal(16, Unsafe.SizeOf<GpioLineValues>());
        Assert.Equal(48, Unsafe.SizeOf<GpioLineEvent>());
        Assert.Equal(36, Unsafe.SizeOf<TerminalSettings>());
        Assert.Equal(8, Unsafe.SizeOf<PollTarget>());
        Assert.Equal(40, Unsafe.SizeOf<WatchdogInfo>());
    }

    [Theory]
    [InlineData(GpioDevice.GetChipInfo, 68, 1)]
    [InlineData(GpioDevice.GetLineInfo, 256, 5)]
    [InlineData(GpioDevice.GetLine, 592, 7)]
    [InlineData(GpioDevice.GetLineValues, 16, 14)]
    [InlineData(GpioDevice.SetLineValues, 16, 15)]
    public void Gpio_ioctl_numbers_hold_the_size_of_their_structure(uint number, int size, int command)
    {
        Assert.Equal((size, 0xB4, command), ((int)(number >> 16 & 0x3FFF), (int)(number >> 8 & 0xFF), (int)(number & 0xFF)));
    }

    [Fact]
    public void A_line_request_lays_its_members_where_the_header_has_them()
    {
        var request = new GpioLineRequest { Consumer = "clawmesh:valve:zone-1-with-a-name-that-is-too-lóng", Flags = 0x0102, EventBufferSize = 7 };
        request.AddLine(5);
        request.AddLine(9);
        request.SetOutputValues(2, 3);
        request.SetDebounce(1_500, 3);

        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(new ReadOnlySpan<GpioLineRequest>(in request));

        Assert.Equal((5u, 9u), (Number(bytes, 0), Number(bytes, 4)));
        Assert.Equal("clawmesh:valve:zone-1-with-a-na\0", System.Text.Encoding.ASCII.GetString(bytes[256..288]));
        Assert.Equal((0x0102u, 2u), (Number(bytes, 288), Number(bytes, 296)));
        Assert.Equal((2u, 2u, 3u), (Number(bytes, 320), Number(bytes, 328), Number(bytes, 336)));
        Assert.Equal((3u, 1_500u, 3u), (Number(bytes, 344), Number(bytes, 352), Number(bytes, 360)));
        Assert.Equal((2u, 7u, 0u), (Number(bytes, 560), Number(bytes, 564), Number(bytes, 588)));
    }

    [Fact]
    public void Waiting_for_events_ends_when_the_counter_is_raised_and_tells_whose_it_is()
    {
        using SafeFileHandle poll = EventPoll.Create();
        using SafeFileHandle first = EventCounter.Create();
        using SafeFileHandle second = EventCounter.Create();
        Assert.Equal((0, 0), (EventPoll.Add(poll, first, 41), EventPoll.Add(poll, second, 42)));
        Span<int> keys = stackalloc int[4];

        EventCounter.Raise(second);
        EventCounter.Raise(second);
        int one = EventPoll.Wait(poll, keys);
        Assert.Equal((1, 42), (one, keys[0]));

        EventCounter.Clear(second);
        EventCounter.Raise(first);
        int other = EventPoll.Wait(poll, keys);
        Assert.Equal((1, 41), (other, keys[0]));
        Assert.Equal(0, EventPoll.Remove(poll, first));
    }

    private static uint Number(ReadOnlySpan<byte> bytes, int at) => System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    [Fact]
    public void A_fault_carries_the_kernel_s_words_and_number()
    {
        bool read = FileSystemStatistics.TryRead("/no/such/path", out _);
        var fault = LinuxFault.FromLastError("test.code", "What.", "Fix.");

        Assert.False(read);
        Assert.Equal("The kernel says: No such file or directory (errno 2).", fault.Why);
    }

    [Fact]
    public void Uname_answers_what_proc_says()
    {
        Assert.Equal(File.ReadAllText("/proc/sys/kernel/osrelease").Trim(), KernelName.Read().Release);
    }

    [Fact]
    public void This_process_exists_and_pid_minus_one_does_not()
    {
        Assert.True(ProcessSignal.Exists(Environment.ProcessId));
        Assert.False(ProcessSignal.Exists(-1));
        Assert.False(ProcessSignal.Exists(int.MaxValue));
    }
}
