using System.Runtime.CompilerServices;
using ClawMesh.Edge.Native.Linux;

namespace ClawMesh.Edge.Tests.Native;

public class LinuxStructTests
{
    [Fact]
    public void Kernel_structures_have_the_size_of_the_headers()
    {
        Assert.Equal(208, Unsafe.SizeOf<ClockTimex>());
        Assert.Equal(112, Unsafe.SizeOf<FileSystemCounts>());
        Assert.Equal(12, Unsafe.SizeOf<UnixCredentials>());
    }

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
