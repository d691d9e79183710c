using System.Diagnostics;
using System.Globalization;

namespace ClawMesh.Edge.BootRig;

/// <summary>When the plug is pulled.</summary>
internal enum CutMoment
{
    /// <summary>Any time from power-on to about when the node answers.</summary>
    Boot,

    /// <summary>Between the bench's first word and the node's.</summary>
    Start,

    /// <summary>While a command that energises is under way.</summary>
    Energise,

    /// <summary>While an output is energised, or about when its lease ends.</summary>
    Lease,

    /// <summary>While commands follow each other and each writes the journal.</summary>
    Journal,
}

/// <summary>One lane of cuts: a machine with the small guest, its disk, and what was acknowledged from it over all its boots.</summary>
internal sealed class PowerCuts(int lane, string folder, MachineParts parts, NodeProgram node, Random chance, CutTally tally)
{
    private const string Board = "actuator:relay:X1";
    private const string Relay = "actuator:relay:R1";

    private static readonly TimeSpan ReadyLimit = TimeSpan.FromSeconds(60);

    // What a boot takes, as the last ones showed: by these the moments are spread.
    private TimeSpan _toBench = TimeSpan.FromSeconds(6);
    private TimeSpan _toReady = TimeSpan.FromSeconds(12);

    private readonly List<Acknowledged> _acknowledged = [];
    private bool _held;

    /// <summary>Boots, cuts and looks, until the tally has enough or time is over.</summary>
    public void Run()
    {
        while (tally.Next() is { } number) One(number);
    }

    private void One(int number)
    {
        CutMoment moment = chance.Next(100) switch { < 15 => CutMoment.Boot, < 35 => CutMoment.Start, < 55 => CutMoment.Energise, < 75 => CutMoment.Lease, _ => CutMoment.Journal };
        int acknowledgedBefore = _acknowledged.Count;
        TimeSpan? ready = null;
        IReadOnlyList<string> unsafeStarts;
        CutLoss loss;
        long began = Stopwatch.GetTimestamp();
        using (Machine machine = Machine.Boot(parts, _held))
        {
            var guest = new GuestNode(machine, _acknowledged);
            TimeSpan? commanded = null;
            if (moment == CutMoment.Boot) Sleep(chance.NextDouble() * _toReady);
            else
            {
                if (machine.Pins.WaitFor(TimeSpan.Zero, ReadyLimit, _ => true) is null) throw new RigException($"cut {number}: the guest never spoke; see {parts.Folder}/console.log");
                _toBench = Smooth(_toBench, Stopwatch.GetElapsedTime(began));
                if (moment == CutMoment.Start) Sleep(chance.NextDouble() * (_toReady - _toBench));
                else
                {
                    machine.Shell.AwaitBoot(ReadyLimit);
                    ready = guest.AwaitReady(ReadyLimit);
                    if (ready is null) throw new RigException($"cut {number}: the node did not start; see {parts.Folder}/console.log and {folder}");
                    _toReady = Smooth(_toReady, Stopwatch.GetElapsedTime(began));
                    commanded = machine.Pins.GuestNow();
                    Work(machine, guest, moment);
                }
            }

            machine.Cut();
            IReadOnlyList<PinSample> pins = machine.Pins.Snapshot();
            unsafeStarts = PinRules.UnsafeStarts(pins, ready, commanded);
            _held = pins.Count > 0 ? PinLog.Is(pins[^1].Levels, Pin.RelayX, '1') : _held;
            loss = parts.Data.Settle(chance);
            // Times of a guest whose clock ran wrong say nothing.
            tally.Started(machine.Pins.ClockRate() is > 0.7 and < 1.4 ? PinRules.Claim(pins) : null, ready);
        }

        string files = Path.Combine(folder, "files");
        string damage = parts.Data.Unpack(files);
        JournalFindings findings = JournalCheck.Look(node, files, _acknowledged);
        bool bad = tally.Cut(moment, unsafeStarts, damage, findings, loss, _acknowledged.Count - acknowledgedBefore);
        if (bad) Keep(number, files);
        if (bad || number % 10 == 0)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"cut {number} lane {lane} {moment.ToString().ToLowerInvariant()}: {findings.Records} records, {_acknowledged.Count} acknowledged, {loss.Lost} of {loss.Blocks} blocks lost{(bad ? "  FAILED" : "")}"));
            foreach (string line in (string[])[.. unsafeStarts, .. findings.Lost.Select(l => $"lost: {l}"), damage, findings.Detail])
            {
                if (line.Length > 0) Console.WriteLine($"  {line}");
            }
        }

        // What is gone is counted once.
        if (findings.Lost.Count > 0) _acknowledged.RemoveAll(a => findings.Lost.Contains($"{a.Sequence} {a.CommandId}"));
    }

    private void Work(Machine machine, GuestNode guest, CutMoment moment)
    {
        switch (moment)
        {
            case CutMoment.Energise:
                // The answer is not waited for: the cut comes anywhere between the asking and some time after it.
                var asking = new Thread(() => guest.Act(chance.Next(2) == 0 ? Board : Relay, "open", 5)) { IsBackground = true };
                double delay = chance.NextDouble() * 600;
                asking.Start();
                Sleep(TimeSpan.FromMilliseconds(delay));
                machine.Cut();
                asking.Join();
                break;
            case CutMoment.Lease:
                guest.Act(Board, "open", 1);
                guest.Act(Relay, "open", 2);
                Sleep(TimeSpan.FromSeconds(chance.NextDouble() * 2.5));
                break;
            case CutMoment.Journal:
                TimeSpan length = TimeSpan.FromSeconds(chance.NextDouble() * 3);
                var burst = new Thread(() => guest.Burst(Board, Relay)) { IsBackground = true };
                burst.Start();
                Sleep(length);
                machine.Cut();
                burst.Join();
                break;
        }
    }

    // For whoever looks into it: the state as it was found, and the guest's console.
    private void Keep(int number, string files)
    {
        string kept = Path.Combine(folder, $"failed-{number}");
        if (Directory.Exists(kept)) Directory.Delete(kept, recursive: true);
        Directory.Move(files, kept);
        File.Copy(Path.Combine(parts.Folder, "console.log"), Path.Combine(kept, "console.log"), overwrite: true);
    }

    private static TimeSpan Smooth(TimeSpan old, TimeSpan last) => (old * 3 + last) / 4;

    private static void Sleep(TimeSpan time) => Thread.Sleep(time);
}
