using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Trust.Desk;
using FsCheck;
using FsCheck.Fluent;

namespace ClawMesh.Edge.Tests.Trust.Limits;

/// <summary>The limits as a caller meets them, over the whole desk.</summary>
[Trait("spec", "W-101")]
public class LimitCheckTests
{
    private static OutputPolicy Open => PermitDesk.OpenPolicy(PermitDesk.Valve);

    [Theory]
    [InlineData(null, null, 600_000, false)]
    [InlineData(null, 90.0, 90_000, false)]
    [InlineData(30.0, 90.0, 30_000, false)]
    [InlineData(600.0, null, 600_000, false)]
    [InlineData(601.0, null, 600_000, true)]
    [InlineData(86_400.0, 90.0, 600_000, true)]
    [InlineData(0.5, null, 500, false)]
    public async Task The_lease_is_what_was_asked_else_defaultOn_else_maxOn_and_never_more_than_maxOn(double? asked, double? defaultOn, long leaseMs, bool capped)
    {
        await using var desk = new PermitDesk(Open with { DefaultOn = defaultOn is { } s ? TimeSpan.FromSeconds(s) : null });

        ActuationAnswer answer = await desk.AskAsync(desk.Command(seconds: asked));

        Assert.Equal((leaseMs, capped), (answer.LeaseMs, answer.LeaseCapped));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("1e-12")]
    [InlineData("604801")]
    [InlineData("\"30\"")]
    [InlineData("true")]
    public async Task A_duration_that_is_none_is_refused(string duration)
    {
        await using var desk = new PermitDesk();

        ActuationAnswer answer = await desk.AskAsync(desk.Command(parameters: PermitDesk.Params($$"""{"durationSec":{{duration}}}""")));

        Assert.Equal(GateCodes.LocalPolicyRefused, answer.Code);
    }

    [Fact]
    public async Task Opening_while_open_is_a_new_permit_and_reaches_maxOn_in_total_at_most()
    {
        await using var desk = new PermitDesk(Open with { MaxOn = TimeSpan.FromSeconds(60) });
        ActuationAnswer first = await desk.AskAsync(desk.Command(seconds: 40));
        desk.Time.Advance(TimeSpan.FromSeconds(30));

        ActuationAnswer second = await desk.AskAsync(desk.Command(seconds: 40));

        Assert.NotEqual(first.PermitId, second.PermitId);
        Assert.True(second.LeaseCapped);
        Assert.InRange(second.LeaseMs!.Value, 29_990, 30_000);
        desk.Time.Advance(TimeSpan.FromSeconds(29.9));
        desk.Desk.Tick();
        Assert.Equal(OutputValue.Active, desk.Actuator.ReadBack());
        desk.Time.Advance(TimeSpan.FromSeconds(0.2));
        desk.Desk.Tick();
        Assert.Equal(OutputValue.Inactive, desk.Actuator.ReadBack());
    }

    [Fact]
    public async Task Opening_again_just_before_maxOn_is_refused()
    {
        await using var desk = new PermitDesk(Open with { MaxOn = TimeSpan.FromSeconds(60) });
        await desk.AskAsync(desk.Command());
        desk.Time.Advance(TimeSpan.FromSeconds(59.95));

        ActuationAnswer answer = await desk.AskAsync(desk.Command());

        Assert.Equal(GateCodes.LimitExceeded, answer.Code);
        Assert.Equal(OutputValue.Active, desk.Actuator.ReadBack());
    }

    [Fact]
    public void However_often_it_is_asked_again_no_stretch_of_being_on_is_longer_than_maxOn()
    {
        Gen<(int Wait, int Ask)[]> asks = Gen.Choose(0, 30).Zip(Gen.Choose(1, 90)).Select(p => (p.Item1, p.Item2)).ArrayOf();

        ForAll.Cases(asks, 200, sequence =>
        {
            var desk = new PermitDesk(Open with { MaxOn = TimeSpan.FromSeconds(60) });
            double on = 0;
            foreach ((int wait, int ask) in sequence)
            {
                desk.AskAsync(desk.Command(seconds: ask)).GetAwaiter().GetResult();
                for (int tick = 0; tick < wait * 10; tick++)
                {
                    desk.Time.Advance(TimeSpan.FromMilliseconds(100));
                    desk.Desk.Tick();
                    on = desk.Actuator.ReadBack() == OutputValue.Active ? on + 0.1 : 0;
                    Assert.True(on <= 60.01, $"on for {on} s without a pause");
                }
            }

            desk.DisposeAsync().AsTask().GetAwaiter().GetResult();
        });
    }

    [Fact]
    public async Task Half_open_to_fully_open_is_one_stretch_of_being_on()
    {
        await using var desk = new PermitDesk(Open with { Kind = OutputKind.Level, MaxOn = TimeSpan.FromSeconds(60) });
        await desk.AskAsync(desk.Command("set", parameters: PermitDesk.Params("""{"value":0.5,"durationSec":60}""")));
        desk.Time.Advance(TimeSpan.FromSeconds(20));

        ActuationAnswer answer = await desk.AskAsync(desk.Command("set", parameters: PermitDesk.Params("""{"value":1,"durationSec":60}""")));

        Assert.InRange(answer.LeaseMs!.Value, 39_990, 40_000);
        Assert.Equal(OutputValue.Active, desk.Actuator.ReadBack());
    }

    [Fact]
    public async Task After_a_stretch_the_output_rests_for_minOff()
    {
        await using var desk = new PermitDesk(Open with { MinOff = TimeSpan.FromSeconds(30) });
        await desk.AskAsync(desk.Command(seconds: 5));
        desk.Time.Advance(TimeSpan.FromSeconds(5));
        desk.Desk.Tick();
        desk.Time.StepWallClock(TimeSpan.FromHours(1));
        desk.Time.Advance(TimeSpan.FromSeconds(29.9));

        ActuationAnswer early = await desk.AskAsync(desk.Command());
        desk.Time.Advance(TimeSpan.FromSeconds(0.2));
        ActuationAnswer rested = await desk.AskAsync(desk.Command());

        Assert.Equal(GateCodes.LimitExceeded, early.Code);
        Assert.Equal(ActuationOutcome.Done, rested.Outcome);
    }

    [Fact]
    public async Task Closing_early_starts_the_rest_early()
    {
        await using var desk = new PermitDesk(Open with { MinOff = TimeSpan.FromSeconds(30) });
        await desk.AskAsync(desk.Command(seconds: 60));
        await desk.AskAsync(desk.Command("close"));

        Assert.Equal(GateCodes.LimitExceeded, (await desk.AskAsync(desk.Command())).Code);
        desk.Time.Advance(TimeSpan.FromSeconds(30.1));
        Assert.Equal(GateCodes.Ok, (await desk.AskAsync(desk.Command())).Code);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_lease_that_ends_while_a_longer_one_is_being_decided_starts_a_rest_that_is_kept(int look)
    {
        // The second command prolongs a lease when it is judged; by the time it is armed it would be a new start. The last moment
        // at which that can happen, after the limits were looked at again, used to be missed.
        await using var desk = new PermitDesk(Open with { MinOff = TimeSpan.FromSeconds(30) });
        var readiness = new Asked();
        await using ActuationDesk watched = new(
            PermitDesk.Self, [(desk.Actuator, desk.Policy)], desk.Journal, desk.Journal, desk.Readings, readiness, desk.Clock, desk.Events, desk,
            desk.Time, new DeskOptions { MeshId = () => "mesh" }, () => null, safetyThreads: null);
        await watched.AskAsync(desk.Command(seconds: 5));
        desk.Time.Advance(TimeSpan.FromSeconds(4.9));
        readiness.Times = 0;
        readiness.At = times =>
        {
            if (times != look - 1) return;
            desk.Time.Advance(TimeSpan.FromSeconds(1));
            watched.Tick();
        };

        ActuationAnswer answer = await watched.AskAsync(desk.Command(seconds: 5));

        Assert.Equal(GateCodes.LimitExceeded, answer.Code);
        Assert.Equal(OutputValue.Inactive, desk.Actuator.ReadBack());
        Assert.Single(desk.Actuator.Energising());
    }

    [Fact]
    public async Task Duty_counts_several_activations_within_a_sliding_hour()
    {
        await using var desk = new PermitDesk(Open with { DutyPerHour = TimeSpan.FromMinutes(15) });
        await RunAsync(desk, minutes: 6);
        desk.Time.Advance(TimeSpan.FromMinutes(10));
        await RunAsync(desk, minutes: 6);
        desk.Time.Advance(TimeSpan.FromMinutes(10));

        ActuationAnswer third = await desk.AskAsync(desk.Command(seconds: 360));
        Assert.InRange(third.LeaseMs!.Value, 179_900, 180_000);
        Assert.True(third.LeaseCapped);
        desk.Time.Advance(TimeSpan.FromMinutes(3));
        desk.Desk.Tick();

        ActuationAnswer spent = await desk.AskAsync(desk.Command(seconds: 1));
        Assert.Equal(GateCodes.LimitExceeded, spent.Code);

        // 35 minutes after the first start; it leaves the hour from minute 60 on.
        desk.Time.Advance(TimeSpan.FromMinutes(27));
        ActuationAnswer again = await desk.AskAsync(desk.Command(seconds: 600));
        Assert.InRange(again.LeaseMs!.Value, 110_000, 121_000);
    }

    [Fact]
    public async Task Duty_survives_a_loop_of_crashes_that_never_record_an_end()
    {
        await using var desk = new PermitDesk(Open with { DutyPerHour = TimeSpan.FromMinutes(15) });
        DateTimeOffset wall = desk.Time.GetUtcNow();
        for (int life = 1; life <= 20; life++)
        {
            DateTimeOffset start = wall - TimeSpan.FromMinutes(2 * life);
            desk.Journal.Past.Add(new PastActivation(PermitDesk.Valve.Value, start, start + TimeSpan.FromMinutes(1)));
        }

        await desk.Desk.RecoverAsync([], TestContext.Current.CancellationToken);

        Assert.Equal(GateCodes.LimitExceeded, (await desk.AskAsync(desk.Command())).Code);
        Assert.Equal(20, Assert.Single(desk.Desk.Outputs()).OnInLastHour.TotalMinutes, 1);
    }

    [Fact]
    public async Task Minimum_rest_and_rate_survive_a_restart()
    {
        await using var resting = new PermitDesk(Open with { MinOff = TimeSpan.FromMinutes(5) });
        await using var rated = new PermitDesk(Open with { RatePerMinute = 3 });
        DateTimeOffset wall = resting.Time.GetUtcNow();
        resting.Journal.Past.Add(new PastActivation(PermitDesk.Valve.Value, wall - TimeSpan.FromMinutes(5), wall - TimeSpan.FromMinutes(4)));
        for (int i = 1; i <= 3; i++) rated.Journal.Past.Add(new PastActivation(PermitDesk.Valve.Value, wall - TimeSpan.FromSeconds(10 * i), wall - TimeSpan.FromSeconds((10 * i) - 1)));

        await resting.Desk.RecoverAsync([], TestContext.Current.CancellationToken);
        await rated.Desk.RecoverAsync([], TestContext.Current.CancellationToken);

        Assert.Equal(GateCodes.LimitExceeded, (await resting.AskAsync(resting.Command())).Code);
        Assert.Equal(GateCodes.LimitExceeded, (await rated.AskAsync(rated.Command())).Code);
        resting.Time.Advance(TimeSpan.FromSeconds(61));
        rated.Time.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal(GateCodes.Ok, (await resting.AskAsync(resting.Command())).Code);
        Assert.Equal(GateCodes.Ok, (await rated.AskAsync(rated.Command())).Code);
    }

    [Fact]
    public async Task Activations_of_this_life_are_not_counted_twice_when_the_journal_comes_back()
    {
        // Used to be restored at every recovery, so that each reopening of the journal ate duty.
        await using var desk = new PermitDesk(Open with { DutyPerHour = TimeSpan.FromMinutes(15) });
        await desk.Desk.RecoverAsync([], TestContext.Current.CancellationToken);
        DateTimeOffset start = desk.Time.GetUtcNow();
        await RunAsync(desk, minutes: 5);
        desk.Journal.Past.Add(new PastActivation(PermitDesk.Valve.Value, start, desk.Time.GetUtcNow()));

        await desk.Desk.RecoverAsync([], TestContext.Current.CancellationToken);

        Assert.Equal(5, Assert.Single(desk.Desk.Outputs()).OnInLastHour.TotalMinutes, 1);
    }

    [Fact]
    public async Task More_starts_within_a_minute_than_the_site_allows_are_refused()
    {
        await using var desk = new PermitDesk(Open with { RatePerMinute = 3 });
        for (int i = 0; i < 3; i++)
        {
            await RunAsync(desk, minutes: 0.1);
            desk.Time.Advance(TimeSpan.FromSeconds(4));
        }

        desk.Time.StepWallClock(TimeSpan.FromSeconds(120));
        Assert.Equal(GateCodes.LimitExceeded, (await desk.AskAsync(desk.Command())).Code);
        desk.Time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(GateCodes.Ok, (await desk.AskAsync(desk.Command())).Code);
    }

    [Fact]
    public async Task An_attempt_that_was_refused_uses_up_nothing()
    {
        await using var desk = new PermitDesk(Open with { RatePerMinute = 2, MinOff = TimeSpan.FromMinutes(1) });
        for (int i = 0; i < 5; i++) await desk.AskAsync(desk.Command(trust: PermitDesk.GoodTrust with { EvidenceSources = ["llm"] }));

        Assert.Equal(GateCodes.Ok, (await desk.AskAsync(desk.Command())).Code);
    }

    private static async Task RunAsync(PermitDesk desk, double minutes)
    {
        ActuationAnswer answer = await desk.AskAsync(desk.Command(seconds: minutes * 60));
        Assert.Equal(GateCodes.Ok, answer.Code);
        desk.Time.Advance(TimeSpan.FromMinutes(minutes));
        desk.Desk.Tick();
        Assert.Equal(OutputValue.Inactive, desk.Actuator.ReadBack());
    }

    /// <summary>Readiness, which the judge asks for after the limits; it is asked at each of his two looks.</summary>
    private sealed class Asked : IReadinessSource
    {
        public int Times { get; set; }

        public Action<int>? At { get; set; }

        public bool IsActuationReady
        {
            get
            {
                At?.Invoke(++Times);
                return true;
            }
        }

        public Readiness Current => new(ReadinessLevel.ActuationReady, []);
    }
}
