using System.Diagnostics;
using System.Globalization;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Hardware.Linux;

public sealed class NodeLockTests : IDisposable
{
    private readonly ScratchDirectory _state = new();

    [Fact]
    public void A_second_node_is_told_who_holds_the_state_directory()
    {
        using NodeLock? first = NodeLock.TryAcquire(_state.Path, out _);

        NodeLock? second = NodeLock.TryAcquire(_state.Path, out int holder);

        Assert.NotNull(first);
        Assert.Null(second);
        Assert.Equal(Environment.ProcessId, holder);
        Assert.Equal(Environment.ProcessId, NodeLock.HolderOf(_state.Path));
    }

    [Fact]
    public void The_lock_is_free_after_disposal_and_asking_does_not_take_it()
    {
        NodeLock.TryAcquire(_state.Path, out _)!.Dispose();

        Assert.Null(NodeLock.HolderOf(_state.Path));
        using NodeLock? again = NodeLock.TryAcquire(_state.Path, out _);
        Assert.NotNull(again);
    }

    [Fact]
    public void A_left_over_file_of_a_dead_node_is_no_obstacle()
    {
        _state.Put("node.lock", "1234567890123\n");

        Assert.Null(NodeLock.HolderOf(_state.Path));
        using NodeLock? held = NodeLock.TryAcquire(_state.Path, out _);
        Assert.Equal(Environment.ProcessId, NodeLock.HolderOf(_state.Path));
    }

    [Fact]
    public void The_kernel_releases_the_lock_of_a_killed_holder()
    {
        using Process holder = Process.Start(new ProcessStartInfo("flock", [_state.Put("node.lock", "777\n"), "-c", "echo held; exec sleep 60"])
        {
            RedirectStandardOutput = true,
        })!;
        Assert.Equal("held", holder.StandardOutput.ReadLine());

        Assert.Null(NodeLock.TryAcquire(_state.Path, out int pid));
        Assert.Equal(777, pid);
        holder.Kill(entireProcessTree: true);
        holder.WaitForExit();

        // flock(1) and its child share the lock; both are gone once the pipe has ended.
        Assert.Null(holder.StandardOutput.ReadLine());
        using NodeLock? held = NodeLock.TryAcquire(_state.Path, out _);
        Assert.NotNull(held);
    }

    [Fact]
    public async Task Starting_wins_over_people_who_only_ask()
    {
        using var stop = new CancellationTokenSource();
        Task asking = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested) NodeLock.HolderOf(_state.Path);
        });

        for (int i = 0; i < 300; i++)
        {
            using NodeLock? held = NodeLock.TryAcquire(_state.Path, out _);
            Assert.NotNull(held);
        }

        await stop.CancelAsync();
        await asking;
    }

    [Fact]
    public void A_missing_state_directory_is_a_storage_fault()
    {
        var fault = Assert.Throws<EdgeException>(() => NodeLock.TryAcquire(_state.At("nowhere"), out _));

        Assert.Equal("storage.lock_failed", fault.Code);
        Assert.Contains("errno 2", fault.Why);
        Assert.Null(NodeLock.HolderOf(_state.At("nowhere")));
    }

    [Fact]
    public void The_file_names_the_pid_for_people()
    {
        using NodeLock? held = NodeLock.TryAcquire(_state.Path, out _);

        // Not File.ReadAllText: .NET would ask for a shared lock and be refused.
        using Process cat = Process.Start(new ProcessStartInfo("cat", [_state.At("node.lock")]) { RedirectStandardOutput = true })!;
        Assert.Equal(Environment.ProcessId.ToString(CultureInfo.InvariantCulture), cat.StandardOutput.ReadToEnd().Trim());
    }

    public void Dispose() => _state.Dispose();
}
