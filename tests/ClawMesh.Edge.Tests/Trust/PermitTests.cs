using System.Reflection;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Trust;

namespace ClawMesh.Edge.Tests.Trust;

public class PermitTests
{
    private readonly ManualTime _time = new();
    private readonly InMemoryJournal _journal;

    public PermitTests() => _journal = new InMemoryJournal(_time);

    [Fact]
    public async Task Redeeming_succeeds_once()
    {
        Permit permit = await MintAsync();

        Assert.Null(permit.Redeem(PermitDesk.Valve, OutputValue.Active));
        Assert.Equal("permit.already_spent", permit.Redeem(PermitDesk.Valve, OutputValue.Active)?.Code);
    }

    [Theory]
    [InlineData(2, 20_000)]
    [InlineData(8, 200)]
    public void Redeeming_from_many_threads_at_once_succeeds_for_exactly_one(int threads, int rounds)
    {
        // The threads meet inside the last question before the permit is spent.
        var meeting = new MeetingJournal(threads);
        Permit[] permits = [.. Enumerable.Range(1, rounds).Select(i => new Permit(Grant(OutputRange.Exactly(OutputValue.Active), i), meeting, _time))];
        int[] redeemed = new int[rounds];
        Thread[] all = [.. Enumerable.Range(0, threads).Select(_ => new Thread(() =>
        {
            for (int i = 0; i < rounds; i++)
            {
                if (permits[i].Redeem(PermitDesk.Valve, OutputValue.Active) is null) Interlocked.Increment(ref redeemed[i]);
            }
        }))];

        foreach (Thread thread in all) thread.Start();
        foreach (Thread thread in all) thread.Join();

        Assert.All(redeemed, times => Assert.Equal(1, times));
    }

    [Fact]
    public async Task Revoking_and_redeeming_at_once_is_won_by_one_of_them_and_a_revoked_permit_stays_worthless()
    {
        for (int round = 0; round < 200; round++)
        {
            Permit permit = await MintAsync();
            using var start = new Barrier(2);
            bool redeemed = false;
            var redeemer = new Thread(() =>
            {
                start.SignalAndWait();
                redeemed = permit.Redeem(PermitDesk.Valve, OutputValue.Active) is null;
            });

            redeemer.Start();
            start.SignalAndWait();
            permit.Revoke();
            redeemer.Join();

            Assert.Equal(redeemed ? "permit.already_spent" : "permit.revoked", permit.Redeem(PermitDesk.Valve, OutputValue.Active)?.Code);
        }
    }

    [Fact]
    public async Task A_permit_is_good_until_just_before_the_end_of_its_lifetime()
    {
        Permit permit = await MintAsync();

        _time.Advance(Permit.Lifetime - TimeSpan.FromMilliseconds(1));

        Assert.Null(permit.Redeem(PermitDesk.Valve, OutputValue.Active));
    }

    [Fact]
    public async Task Redeeming_at_the_end_of_its_lifetime_is_refused()
    {
        Permit permit = await MintAsync();

        _time.Advance(Permit.Lifetime);

        Assert.Equal("permit.expired", permit.Redeem(PermitDesk.Valve, OutputValue.Active)?.Code);
    }

    [Theory]
    [InlineData(-40)]
    [InlineData(40)]
    [InlineData(-86_400)]
    [InlineData(86_400)]
    public async Task A_step_of_the_wall_clock_neither_lengthens_nor_ends_a_permit(int seconds)
    {
        Permit living = await MintAsync();
        _time.StepWallClock(TimeSpan.FromSeconds(seconds));
        Assert.Null(living.Redeem(PermitDesk.Valve, OutputValue.Active));

        Permit dying = await MintAsync();
        _time.StepWallClock(TimeSpan.FromSeconds(seconds));
        _time.Advance(Permit.Lifetime);
        Assert.Equal("permit.expired", dying.Redeem(PermitDesk.Valve, OutputValue.Active)?.Code);
    }

    [Fact]
    public async Task A_permit_for_one_actuator_opens_no_other_and_is_not_spent_by_the_attempt()
    {
        Permit permit = await MintAsync();

        Assert.Equal("permit.other_actuator", permit.Redeem(new ActuatorId("actuator:valve:V2"), OutputValue.Active)?.Code);
        Assert.Null(permit.Redeem(PermitDesk.Valve, OutputValue.Active));
    }

    [Fact]
    public async Task A_permit_for_half_open_does_not_open_fully()
    {
        Permit permit = await MintAsync(OutputRange.Exactly(new OutputValue(0.5)));

        Assert.Equal("permit.value_out_of_range", permit.Redeem(PermitDesk.Valve, OutputValue.Active)?.Code);
        Assert.Equal("permit.value_out_of_range", permit.Redeem(PermitDesk.Valve, new OutputValue(0.5000001))?.Code);
        Assert.Null(permit.Redeem(PermitDesk.Valve, new OutputValue(0.5)));
    }

    [Fact]
    public async Task A_permit_whose_record_is_not_on_disk_is_refused_until_it_is()
    {
        Permit permit = await MintAsync();
        _journal.DurableThrough = 0;
        Assert.Equal("permit.not_journaled", permit.Redeem(PermitDesk.Valve, OutputValue.Active)?.Code);

        _journal.DurableThrough = long.MaxValue;
        Assert.Null(permit.Redeem(PermitDesk.Valve, OutputValue.Active));
    }

    [Fact]
    public void A_permit_on_a_record_that_was_never_written_is_refused()
    {
        var permit = new Permit(Grant(OutputRange.Exactly(OutputValue.Active), sequence: 1), _journal, _time);

        Assert.Equal("permit.not_journaled", permit.Redeem(PermitDesk.Valve, OutputValue.Active)?.Code);
    }

    [Fact]
    public async Task A_permit_of_another_life_of_the_node_is_refused()
    {
        Permit permit = await MintAsync();

        _journal.BootNonce = "ffeeddccbbaa99887766554433221100";

        Assert.Equal("permit.other_life", permit.Redeem(PermitDesk.Valve, OutputValue.Active)?.Code);
    }

    [Fact]
    public async Task Revoking_a_spent_permit_changes_nothing()
    {
        Permit permit = await MintAsync();
        permit.Redeem(PermitDesk.Valve, OutputValue.Active);

        permit.Revoke();

        Assert.Equal("permit.already_spent", permit.Redeem(PermitDesk.Valve, OutputValue.Active)?.Code);
    }

    [Fact]
    public void Nobody_outside_Trust_can_construct_copy_or_derive_a_permit()
    {
        Type permit = typeof(Permit);

        Assert.True(permit.IsSealed);
        Assert.All(
            permit.GetConstructors(BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic),
            c => Assert.True(c.IsAssembly || c.IsPrivate, $"{c} can be called from outside"));
        Assert.DoesNotContain(
            permit.Assembly.GetExportedTypes().SelectMany(t => t.GetMethods(BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public)),
            m => m.ReturnType == permit);
        Assert.All(permit.GetProperties(), p => Assert.Null(p.SetMethod));
    }

    private static PermitGrant Grant(OutputRange range, long sequence) => new(
        new PermitId("pm-1"), PermitDesk.Valve, "open", range, TimeSpan.FromMinutes(1), "cmd-1", "", "00112233445566778899aabbccddeeff", sequence);

    private async Task<Permit> MintAsync(OutputRange? range = null)
    {
        long sequence = await _journal.AppendAsync(new JournalEntry(JournalRecordType.Decision, null, null, null, "OK", "{}"), null, TestContext.Current.CancellationToken);
        return new Permit(Grant(range ?? OutputRange.Exactly(OutputValue.Active), sequence), _journal, _time);
    }

    /// <summary>A journal that lets a question through when all threads have asked it.</summary>
    private sealed class MeetingJournal(int threads) : IActuationJournal
    {
        private long _asked;

        public JournalHealth Health => JournalHealth.Ready;

        public string BootNonce => "00112233445566778899aabbccddeeff";

        public DateTimeOffset? NewestRecordAt => null;

        public DateTimeOffset? LatestTime => null;

        public bool IsDurable(long sequence)
        {
            Interlocked.Increment(ref _asked);
            var spin = default(SpinWait);
            while (Interlocked.Read(ref _asked) < sequence * threads) spin.SpinOnce(sleep1Threshold: -1);
            return true;
        }

        public Task<long> AppendAsync(JournalEntry entry, ReplayEntry? replay, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ReplayEntry? FindCommand(string commandId) => null;

        public int RememberedCommands(string targetRef) => 0;

        public IReadOnlyList<OpenCommand> OpenCommands() => [];

        public IReadOnlyList<PastActivation> ActivationsWithin(TimeSpan window) => [];
    }
}
