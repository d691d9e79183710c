using System.Globalization;

namespace ClawMesh.Edge.BootRig;

/// <summary>The guest with systemd, its disk and the peer on the host; boots it, cuts it off, and looks at what a fault left.</summary>
internal sealed class FaultBench : IDisposable
{
    public const string Relay = "actuator:relay:R1";
    public const string Board = "actuator:relay:X1";
    public const string Plug = "actuator:relay:P1";
    public const string CutOff = "actuator:cutoff:main";

    private static readonly TimeSpan BootLimit = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan JoinLimit = TimeSpan.FromSeconds(120);

    private readonly NodeProgram _node;
    private readonly string _work;
    private readonly MachineParts _parts;
    private readonly HostPeer _peer;
    private readonly List<Acknowledged> _acknowledged = [];
    private Machine? _machine;
    private int _boots;

    public FaultBench(RigFolders folders, NodeProgram node, bool volatileCache)
    {
        _node = node;
        folders.PrepareKernel();
        string image = folders.PrepareImage(node.Binary);
        _work = folders.Fresh("faults");
        string root = Path.Combine(_work, "root.ext4");
        Tool.Run(BootLimit, "cp", "--sparse=always", image, root).OrThrow("cp");
        string guestState = Directory.CreateDirectory(Path.Combine(_work, "guest-state")).FullName;
        string hostState = Directory.CreateDirectory(Path.Combine(_work, "host-state")).FullName;
        NodeIdentity guest = node.Identity(guestState), host = node.Identity(hostState);
        node.Run(guestState, "trust", "add", host.DeviceId, "--key", host.PublicKey, "--name", "host").OrThrow("trust add");
        node.Run(hostState, "trust", "add", guest.DeviceId, "--key", guest.PublicKey, "--name", "guest").OrThrow("trust add");
        File.WriteAllText(Path.Combine(guestState, "node.json"), """{ "name": "rig", "meshName": "boot-rig", "discovery": false, "site": "/etc/clawmesh-edge/site.json" }""");
        // As a node that had run here would have left them.
        string owner = $"{File.ReadAllText(Path.Combine(folders.Systemd, "node-uid")).Trim()}:{File.ReadAllText(Path.Combine(folders.Systemd, "node-gid")).Trim()}";
        Tool.Run(BootLimit, "chown", "-R", owner, guestState).OrThrow("chown");
        var disk = new DataDisk(_work, volatileCache);
        disk.Create(guestState);
        _parts = new MachineParts(Path.Combine(_work, "vm"), folders.Kernel, Path.Combine(folders.Systemd, "boot.cpio"), root, disk, RigFolders.FreePort());
        _peer = new HostPeer(node, hostState, guest.DeviceId, _parts.Port);
    }

    public Machine Machine => _machine ?? throw new RigException("the machine is off");

    public GuestNode Node { get; private set; } = null!;

    public long? Session => _peer.JoinedAtMs();

    /// <summary>When systemd last heard READY=1, by the guest's clock.</summary>
    public TimeSpan? ActiveSince => long.TryParse(Machine.Shell.Run("systemctl show clawmesh-edge -P ActiveEnterTimestampMonotonic").FirstLine, NumberStyles.None, CultureInfo.InvariantCulture, out long us)
        ? TimeSpan.FromMicroseconds(us)
        : null;

    /// <summary>Powers the machine on, and fills a row with what the start cost: seconds since the kernel took over.</summary>
    public void Boot(FaultRow row, bool held)
    {
        long? before = Session;
        _boots++;
        _machine = Machine.Boot(_parts, held);
        Node = new GuestNode(_machine, _acknowledged);
        if (_machine.Shell.AwaitBoot(BootLimit) is null) throw new RigException($"the guest did not boot; see {_parts.Folder}/console.log");
        bool joined = _peer.AwaitJoin(before, JoinLimit);
        TimeSpan at = _machine.Pins.GuestNow();
        row.Rejoin = joined ? FaultTable.Seconds(at) : "never";
        row.Expect(joined, "the peer on the host did not see it join");
        TimeSpan? ready = Node.AwaitReady(JoinLimit);
        row.Expect(ready is not null, "the node does not answer");
        IReadOnlyList<PinSample> pins = _machine.Pins.Snapshot();
        TimeSpan? safe = PinRules.AllSafe(pins);
        row.Safe = FaultTable.Seconds(safe);
        row.Expect(safe is not null, "its outputs never were safe");
        foreach (string wrong in PinRules.UnsafeStarts(pins, ready, null)) row.Problem(wrong);
        // From here on it would say only that a line nobody holds follows its pull-up.
        _machine.Shell.Run("echo pull-down > $(echo /sys/devices/platform/gpio-sim.*/gpiochip*/sim_gpio1/pull | tr ' ' '\\n' | head -n 1)");
        Say(row, safe);
    }

    /// <summary>Cuts the machine off and settles its disk.</summary>
    public void Cut(Random chance)
    {
        Keep();
        Machine.Cut();
        Machine.Dispose();
        _machine = null;
        _parts.Data.Settle(chance);
    }

    /// <summary>How the disk looks to somebody who pulled it out, into a row.</summary>
    public void LookAtDisk(FaultRow row)
    {
        string files = Path.Combine(_work, "files");
        string damage = _parts.Data.Unpack(files);
        JournalFindings findings = JournalCheck.Look(_node, files, _acknowledged);
        Tell(row, findings);
        row.Expect(damage.Length == 0, damage);
    }

    /// <summary>Asks the running guest for what <see cref="LookAtDisk"/> asks a disk, as root there.</summary>
    /// <param name="copied">Looks at a copy; for a state nobody writes any more.</param>
    public void LookInGuest(FaultRow row, bool copied = false)
    {
        string where = copied ? " --state-dir /tmp/look" : "";
        if (copied) Machine.Shell.Run("rm -rf /tmp/look; cp -a /var/lib/clawmesh-edge /tmp/look");
        GuestAnswer verify = Machine.Shell.Run($"edge audit verify --json{where} 2>&1");
        GuestAnswer export = Machine.Shell.Run($"edge audit export{where} | sed -n 's/^.*\"seq\":\\([0-9]*\\),.*\"commandId\":\"\\([^\"]*\\)\".*$/\\1 \\2/p'", TimeSpan.FromSeconds(60));
        var found = new HashSet<string>(export.Lines, StringComparer.Ordinal);
        string[] lost = [.. _acknowledged.Select(a => $"{a.Sequence} {a.CommandId}").Where(a => !found.Contains(a))];
        Tell(row, new JournalFindings(verify.Status == 0, found.Count, lost, verify.Status == 0 ? "" : verify.Text));
    }

    /// <summary>Runs what goes wrong in the guest; its first line must be <c>up</c>.</summary>
    /// <returns>The guest's clock at that moment.</returns>
    public TimeSpan Strike(string command)
    {
        GuestAnswer answer = Machine.Shell.Run($"up; {command}", TimeSpan.FromSeconds(60));
        return double.TryParse(answer.FirstLine, NumberStyles.Float, CultureInfo.InvariantCulture, out double at)
            ? TimeSpan.FromSeconds(at)
            : throw new RigException($"'{command}' said {answer.Text}");
    }

    /// <summary>Waits until these pins are low, seen from outside the node.</summary>
    public void AwaitSafe(FaultRow row, TimeSpan since, TimeSpan limit, params Pin[] pins)
    {
        PinSample? sample = Machine.Pins.WaitFor(since, limit, levels => Array.TrueForAll(pins, pin => PinLog.Is(levels, pin, '0')));
        TimeSpan? took = sample is { } s ? s.Guest - since : null;
        row.Safe = FaultTable.Seconds(took);
        row.Expect(took is not null, $"{string.Join(", ", pins)} did not become safe within {limit.TotalSeconds} s");
    }

    public void AwaitRejoin(FaultRow row, TimeSpan since, long? before)
    {
        bool joined = _peer.AwaitJoin(before, JoinLimit);
        row.Rejoin = joined ? FaultTable.Seconds(Machine.Pins.GuestNow() - since) : "never";
        row.Expect(joined, "the peer on the host did not see it join again");
        row.Expect(Node.AwaitReady(JoinLimit) is not null, "the node does not answer");
    }

    /// <summary>Nothing was to interrupt the session.</summary>
    public void ExpectStillJoined(FaultRow row, long? before)
    {
        long? now = Session;
        row.Rejoin = now == before && now is not null ? "stayed joined" : now is null ? "lost" : "joined anew";
        row.Expect(now is not null && now == before, "the session with the peer was interrupted");
    }

    /// <summary>Tries a command until it is done.</summary>
    public bool Eventually(string target, string operation, TimeSpan limit)
    {
        TimeSpan until = Machine.Pins.GuestNow() + limit;
        while (Machine.Pins.GuestNow() < until)
        {
            if (Node.Act(target, operation).Contains("\"outcome\":\"done\"", StringComparison.Ordinal)) return true;
            Thread.Sleep(1000);
        }

        return false;
    }

    public void Dispose()
    {
        Keep();
        _machine?.Dispose();
        _peer.Dispose();
    }

    // Lines of the guest's journal, for whoever looks into a failure.
    private void Keep()
    {
        if (_machine is not { } machine) return;
        GuestAnswer? journal = machine.Shell.TryRun("journalctl -b --no-pager -o short-monotonic -u clawmesh-edge -u clawmesh-edge-update | tail -n 400; dmesg | tail -n 40", TimeSpan.FromSeconds(40));
        if (journal is not null) File.WriteAllLines(Path.Combine(_work, $"journal-{_boots}.txt"), journal.Lines);
    }

    private static void Tell(FaultRow row, JournalFindings findings)
    {
        row.Lost = string.Create(CultureInfo.InvariantCulture, $"{findings.Lost.Count}{(findings.Verified ? "" : ", and the journal does not verify")}");
        row.Expect(findings.Verified, $"the journal does not verify: {findings.Detail}");
        foreach (string one in findings.Lost) row.Problem($"acknowledged and not there: {one}");
    }

    private void Say(FaultRow row, TimeSpan? safe)
    {
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{row.Fault}: outputs safe {FaultTable.Seconds(safe)}, READY=1 {FaultTable.Seconds(ActiveSince)}, joined {row.Rejoin}; its clock ran at {Machine.Pins.ClockRate():0.00} of the host's"));
    }
}
