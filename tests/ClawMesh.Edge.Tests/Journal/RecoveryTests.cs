using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Journal;

namespace ClawMesh.Edge.Tests.Journal;

public sealed class RecoveryTests : IDisposable
{
    private const string Pump = "actuator:pump:1";
    private readonly JournalBench _bench = new();

    [Fact]
    public async Task The_chain_goes_on_after_a_restart_with_another_boot_nonce()
    {
        string firstBoot;
        using (ActuationJournal journal = _bench.Open())
        {
            firstBoot = journal.BootNonce;
            await JournalBench.Append(journal, JournalBench.Operator());
        }

        using ActuationJournal again = _bench.Open();
        long sequence = await JournalBench.Append(again, JournalBench.Operator());

        Assert.Equal(2, sequence);
        Assert.NotEqual(firstBoot, again.BootNonce);
        Assert.True(_bench.Verify().Ok);
    }

    [Fact]
    public async Task Grants_without_an_outcome_are_found_open_after_a_restart_until_they_are_closed()
    {
        using (ActuationJournal journal = _bench.Open())
        {
            await JournalBench.Append(journal, JournalBench.Granted("closed"));
            await JournalBench.Append(journal, JournalBench.Outcome("closed"));
            await JournalBench.Append(journal, JournalBench.Granted("refused") with { Code = GateCodes.NotReady });
            await JournalBench.Append(journal, JournalBench.Granted("open", "pm-7"));
            Assert.Empty(journal.OpenCommands());
        }

        using ActuationJournal again = _bench.Open();
        await JournalBench.Append(again, JournalBench.Granted("of this life"));

        Assert.Equal([new OpenCommand(4, "open", JournalBench.Valve, "pm-7")], again.OpenCommands());
        await JournalBench.Append(again, JournalBench.Outcome("open", GateCodes.RestartDuringCommand));
        Assert.Empty(again.OpenCommands());
    }

    [Fact]
    public async Task Activations_run_from_the_grant_to_the_first_end_of_their_output()
    {
        using ActuationJournal journal = _bench.Open();
        DateTimeOffset start = _bench.Time.GetUtcNow();
        await At(0, JournalBench.Granted("v1"));
        await At(0, JournalBench.Outcome("v1"));
        await At(1, JournalBench.Granted("p1", actuator: Pump));
        await At(2, JournalBench.Safe(type: JournalRecordType.LeaseEnd));
        await At(3, JournalBench.Outcome("p1", GateCodes.OutputFault, Pump));
        await At(4, JournalBench.Safe(Pump));
        await At(5, JournalBench.Granted("v2"));
        await At(5, JournalBench.Outcome("v2", GateCodes.NoConfirmation));
        await At(6, JournalBench.Granted("refused") with { Code = GateCodes.LimitExceeded, PermitId = null });

        IReadOnlyList<PastActivation> found = journal.ActivationsWithin(TimeSpan.FromHours(1));

        Assert.Equal(
            [
                new PastActivation(Pump, start.AddMinutes(1), start.AddMinutes(3)),
                new PastActivation(JournalBench.Valve, start, start.AddMinutes(2)),
                new PastActivation(JournalBench.Valve, start.AddMinutes(5), null),
            ],
            found);

        async Task At(int minute, JournalEntry entry)
        {
            _bench.Time.Advance(start.AddMinutes(minute) - _bench.Time.GetUtcNow());
            await JournalBench.Append(journal, entry);
        }
    }

    [Fact]
    public async Task Activations_that_ended_before_the_window_are_left_out_and_unended_ones_never_are()
    {
        using ActuationJournal journal = _bench.Open();
        await JournalBench.Append(journal, JournalBench.Granted("p1", actuator: Pump));
        await JournalBench.Append(journal, JournalBench.Granted("v1"));
        await JournalBench.Append(journal, JournalBench.Safe());
        _bench.Time.Advance(TimeSpan.FromHours(2));

        PastActivation only = Assert.Single(journal.ActivationsWithin(TimeSpan.FromHours(1)));

        Assert.Equal((Pump, null), (only.ActuatorRef, only.End));
    }

    [Fact]
    public async Task A_node_that_dies_without_closing_keeps_every_record_it_answered_for()
    {
        ActuationJournal journal = _bench.Open();
        for (int i = 0; i < 20; i++) await JournalBench.Append(journal, JournalBench.Granted($"c{i}"), _bench.Running($"c{i}"));
        string copy = Path.Combine(_bench.StateDirectory, "copy");
        Directory.CreateDirectory(copy);

        // What a killed process leaves behind: the files as they stand, log and all.
        foreach (string path in _bench.Paths.All.Where(File.Exists)) File.Copy(path, Path.Combine(copy, Path.GetFileName(path)));
        journal.Dispose();

        using ActuationJournal survivor = ActuationJournal.Open(
            copy, _bench.Signer, _bench.Signer, () => ClawMesh.Edge.Core.Time.ClockClass.Rtc, _bench.Time, () => new byte[16], JournalOptions.Default);
        Assert.Equal(JournalHealth.Ready, survivor.Health);
        Assert.True(survivor.IsDurable(20));
        Assert.Equal(20, survivor.OpenCommands().Count);
        Assert.Equal(20, survivor.RememberedCommands(JournalBench.Valve));
    }

    public void Dispose() => _bench.Dispose();
}
