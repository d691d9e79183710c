using System.Globalization;

namespace ClawMesh.Edge.BootRig;

/// <summary>The faults, one after the other on one machine. Each leaves it as the next one wants it: a node that answers, outputs safe.</summary>
internal sealed class Faults(FaultBench bench)
{
    private static readonly TimeSpan SafeLimit = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan RecoveryLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan ApplyLimit = TimeSpan.FromSeconds(90);

    // What `update apply` promises, on a host that has nothing else to do; a busy one gets more, by its load.
    private static readonly TimeSpan RollbackLimit = TimeSpan.FromSeconds(60);

    public void ColdBoot(FaultRow row)
    {
        // The relay board was left energised by whoever was here before.
        bench.Boot(row, held: true);
        bench.LookInGuest(row);
    }

    public void Killed(FaultRow row) => Death(row, "kill -9 $(node_pid)", "signal");

    public void OutOfMemory(FaultRow row) => Death(
        row,
        // As for a leak: with the node its memory is gone, and what systemd runs after it has room.
        "pid=$(node_pid); limit=/sys/fs/cgroup/system.slice/clawmesh-edge.service/memory.max; echo 1M > $limit; while kill -0 $pid 2> /dev/null; do :; done; echo max > $limit",
        "oom-kill");

    public void Hung(FaultRow row) => Death(row, "kill -STOP $(node_pid)", "watchdog");

    public void DiskFull(FaultRow row)
    {
        Energise(5);
        TimeSpan at = bench.Strike("dd if=/dev/zero of=/var/lib/clawmesh-edge/filler bs=64k 2> /dev/null; sync");
        WithoutDisk(row, at);
        bench.Machine.Shell.Run("rm /var/lib/clawmesh-edge/filler; sync");
        row.Expect(bench.Eventually(FaultBench.Relay, "open", RecoveryLimit), "with room again, commands are still refused");
        bench.Node.Act(FaultBench.Relay, "close");
        bench.LookInGuest(row);
    }

    /// <summary>The machine must be booted anew after it.</summary>
    public void ReadOnly(FaultRow row)
    {
        Energise(5);
        // An error of the file system, after which ext4 turns read-only.
        TimeSpan at = bench.Strike("echo 1 > /sys/fs/ext4/vdb/trigger_fs_error; grep -q ' /var/lib/clawmesh-edge ext4 ro' /proc/mounts || echo still writable");
        WithoutDisk(row, at);
        // Nothing can be read of a write-ahead log beside which nothing can be written; a copy can.
        bench.LookInGuest(row, copied: true);
    }

    public void ClockStep(FaultRow row)
    {
        long? session = bench.Session;
        Energise(8);
        TimeSpan at = bench.Strike("date -s '+1 day' > /dev/null");
        bench.AwaitSafe(row, at, SafeLimit, Pin.Relay1, Pin.RelayX);
        row.Safe += " (leases of 8 s)";
        bench.Machine.Shell.Run("date -s '-1 day' > /dev/null");
        Energise(8);
        TimeSpan back = bench.Strike("date -s '-1 hour' > /dev/null");
        PinSample? low = bench.Machine.Pins.WaitFor(back, SafeLimit, levels => PinLog.Is(levels, Pin.Relay1, '0') && PinLog.Is(levels, Pin.RelayX, '0'));
        row.Expect(low is not null, "after a step backwards the leases did not end");
        row.Expect(low is not { } ended || ended.Guest - back > TimeSpan.FromSeconds(4), "a step of the clock ended a lease early");
        bench.Machine.Shell.Run("date -s '+1 hour' > /dev/null");
        bench.ExpectStillJoined(row, session);
        bench.LookInGuest(row);
    }

    public void BoardUnplugged(FaultRow row)
    {
        long? session = bench.Session;
        bench.Node.MustAct(FaultBench.CutOff, "open");
        bench.Node.MustAct(FaultBench.Board, "open", 3);
        TimeSpan at = bench.Strike("fault nak 0x21");
        // Out of reach: the cut-off before it is what makes it safe, when its lease ends.
        bench.AwaitSafe(row, at, SafeLimit, Pin.CutOff);
        row.Safe += " (by the cut-off, lease of 3 s)";
        bench.Machine.Shell.Run("fault nak 0");
        row.Expect(bench.Machine.Pins.WaitFor(at, SafeLimit, levels => PinLog.Is(levels, Pin.RelayX, '0')) is not null, "plugged in again, the relay board was left energised");
        bench.ExpectStillJoined(row, session);
        bench.Machine.Shell.Run("call edge.release > /dev/null");
        row.Expect(bench.Eventually(FaultBench.Board, "open", RecoveryLimit), "plugged in again and released, the relay board takes no command");
        bench.Node.Act(FaultBench.Board, "close");
        bench.LookInGuest(row);
    }

    public void ChipUnplugged(FaultRow row)
    {
        long? session = bench.Session;
        bench.Node.MustAct(FaultBench.Plug, "open", 60);
        bench.Node.MustAct(FaultBench.Relay, "open", 5);
        TimeSpan at = bench.Strike("plug 0");
        bench.AwaitSafe(row, at, SafeLimit, Pin.Relay1);
        row.Safe += " (the others, lease of 5 s)";
        row.Expect(bench.Machine.Pins.WaitFor(at, SafeLimit, levels => PinLog.Is(levels, Pin.RelayP, '-')) is not null, "the chip is still there");
        bench.Machine.Shell.Run("plug 1");
        bench.ExpectStillJoined(row, session);
        row.Expect(bench.Machine.Pins.WaitFor(at, SafeLimit, levels => PinLog.Is(levels, Pin.RelayP, '0')) is not null, "plugged in again, the relay is energised");
        bench.Machine.Shell.Run("call edge.release > /dev/null");
        row.Expect(bench.Eventually(FaultBench.Plug, "open", RecoveryLimit), "plugged in again and released, the relay takes no command");
        bench.Node.Act(FaultBench.Plug, "close");
        bench.LookInGuest(row);
    }

    public void CrashingUpdate(FaultRow row) => Update(row, "crash");

    /// <summary>It neither becomes ready nor listens to SIGTERM, and neither does what it started.</summary>
    public void HangingUpdate(FaultRow row) => Update(row, "hang");

    /// <summary>The plug is pulled with outputs energised; the relay board has a supply of its own and stays as it was.</summary>
    public void PowerCut(FaultRow row)
    {
        Energise(60);
        bench.Cut(new Random(7));
        bench.LookAtDisk(row);
        string lost = row.Lost;
        bench.Boot(row, held: true);
        bench.LookInGuest(row);
        if (lost != "0") row.Lost = lost;
    }

    /// <summary>As after <see cref="ReadOnly"/>: the file system is marked as in error, and the boot repairs it.</summary>
    public void PowerCutInError(FaultRow row)
    {
        bench.Cut(new Random(8));
        bench.LookAtDisk(row);
        bench.Boot(row, held: true);
        bench.LookInGuest(row);
        bench.Node.MustAct(FaultBench.Relay, "open", 2);
    }

    private void Death(FaultRow row, string command, string reason)
    {
        long? session = bench.Session;
        int restarts = Restarts();
        Energise(60);
        TimeSpan at = bench.Strike(command);
        bench.AwaitSafe(row, at, SafeLimit, Pin.Relay1, Pin.RelayX);
        bench.AwaitRejoin(row, at, session);
        int now = Restarts();
        row.Expect(now == restarts + 1, string.Create(CultureInfo.InvariantCulture, $"systemd counts {now - restarts} restarts instead of one"));
        GuestAnswer told = bench.Machine.Shell.Run($"journalctl -b -u clawmesh-edge -o cat --no-pager | grep -c \"result '{reason}'\"");
        row.Expect(told.FirstLine != "0", $"systemd does not say that it ended by '{reason}'");
        bench.LookInGuest(row);
    }

    // The state cannot be written: what energises is refused, leases end, and a node that dies comes back all the same.
    private void WithoutDisk(FaultRow row, TimeSpan at)
    {
        bench.AwaitSafe(row, at, SafeLimit, Pin.Relay1, Pin.RelayX);
        row.Safe += " (leases of 5 s)";
        string refused = bench.Node.Act(FaultBench.Relay, "open");
        row.Expect(refused.Contains("JOURNAL_UNAVAILABLE", StringComparison.Ordinal), $"an open was not refused for want of a journal: {refused}");
        long? session = bench.Session;
        TimeSpan killed = bench.Strike("kill -9 $(node_pid)");
        bench.AwaitRejoin(row, killed, session);
        refused = bench.Node.Act(FaultBench.Relay, "open");
        row.Expect(refused.Contains("JOURNAL_UNAVAILABLE", StringComparison.Ordinal), $"after a restart an open was not refused for want of a journal: {refused}");
    }

    // As an operator does it, with the times that are set by default. The clock starts when `update apply` has switched and let go.
    private void Update(FaultRow row, string bundle)
    {
        const string Opt = "/opt/clawmesh-edge";
        long? session = bench.Session;
        GuestAnswer applied = bench.Machine.Shell.Run($"clawmesh-edge update apply /usr/share/rig-updates/{bundle}.bundle --no-wait 2>&1", ApplyLimit);
        if (applied.Status != 0) throw new RigException($"update apply: {applied.Text}");
        TimeSpan at = applied.EndedAt;
        bench.AwaitRejoin(row, at, session);
        PinSample? safe = bench.Machine.Pins.WaitFor(at, SafeLimit, levels => !levels.AsSpan().ContainsAnyExcept('0'));
        row.Safe = safe is null ? "never" : "stayed safe";
        bool stayed = true;
        foreach (PinSample sample in bench.Machine.Pins.Snapshot()) stayed &= sample.Guest < at || !sample.Levels.Contains('1', StringComparison.Ordinal);
        row.Expect(stayed, "an output was energised meanwhile");
        TimeSpan? back = bench.ActiveSince - at;
        row.Rejoin += $" (old version back: {FaultTable.Seconds(back)})";
        TimeSpan limit = RollbackLimit * Surroundings.Busy;
        row.Expect(back > TimeSpan.Zero && back <= limit, $"the old version was back after {FaultTable.Seconds(back)}, allowed here: {FaultTable.Seconds(limit)}");
        GuestAnswer result = bench.Machine.Shell.Run($"sed -n 's/^result=//p' {Opt}/last-result; [ ! -e {Opt}/trial ] || echo trial; [ ! -e {Opt}/current ] || echo current");
        row.Expect(result.Text == "rolled-back", $"the start guard says: {result.Text}");
        bench.LookInGuest(row);
    }

    private void Energise(int seconds)
    {
        bench.Node.MustAct(FaultBench.Relay, "open", seconds);
        bench.Node.MustAct(FaultBench.Board, "open", seconds);
        TimeSpan now = bench.Machine.Pins.GuestNow() - TimeSpan.FromSeconds(1);
        if (bench.Machine.Pins.WaitFor(now, TimeSpan.FromSeconds(5), levels => PinLog.Is(levels, Pin.Relay1, '1') && PinLog.Is(levels, Pin.RelayX, '1')) is null)
            throw new RigException("the node says the outputs are energised, and their pins are low");
    }

    private int Restarts() => int.Parse(bench.Machine.Shell.Run("systemctl show clawmesh-edge -P NRestarts").FirstLine, CultureInfo.InvariantCulture);
}
