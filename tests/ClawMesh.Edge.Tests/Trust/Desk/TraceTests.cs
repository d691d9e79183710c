using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Trust.Safety;

namespace ClawMesh.Edge.Tests.Trust.Desk;

public sealed class TraceTests
{
    [Fact]
    public async Task Every_event_of_a_command_carries_its_id_and_where_its_record_stands()
    {
        var desk = new PermitDesk();
        ActuationAnswer answer = await desk.AskAsync(desk.Command(seconds: 5, id: "trace-1"));
        desk.Time.Advance(TimeSpan.FromSeconds(6));
        desk.Desk.Tick();
        await desk.DisposeAsync();

        IReadOnlyList<EdgeEvent> told = desk.Events.Newest(50, e => e.Trace == "trace-1");
        Assert.Equal([EventTypes.ActuationState, EventTypes.ActuationOutcome, EventTypes.ActuationDecision], told.Select(e => e.Type));
        Assert.Equal($"{answer.JournalSequence}", told[^1].Data!["journalSeq"]);
        Assert.All(told, e => Assert.True(e.Data!.ContainsKey("journalSeq")));
    }

    [Fact]
    public async Task A_refusal_that_no_journal_took_still_leads_to_its_event()
    {
        await using var desk = new PermitDesk();
        desk.Journal.Health = new JournalHealth(JournalState.Unavailable, "the disk is full", "make room");

        ActuationAnswer answer = await desk.AskAsync(desk.Command(seconds: 5, id: "trace-2"));

        Assert.Equal((GateCodes.JournalUnavailable, 0L), (answer.Code, answer.JournalSequence));
        EdgeEvent told = Assert.Single(desk.Events.Newest(50, e => e.Trace == "trace-2"));
        Assert.Null(told.Data);
    }

    [Fact]
    public async Task The_tap_sees_what_each_output_was_told_and_cannot_end_the_tick()
    {
        var tap = new Tap();
        await using var desk = new PermitDesk(options: o => o with { Tap = tap });
        desk.Desk.Tick();
        OutputGlance rest = tap.Seen;
        await desk.AskAsync(desk.Command(seconds: 5));
        desk.Desk.Tick();
        OutputGlance open = tap.Seen;
        tap.Throws = true;
        desk.Time.Advance(TimeSpan.FromSeconds(6));
        desk.Desk.Tick();
        tap.Throws = false;
        await desk.Desk.SafeStateAsync("operator:test");
        desk.Desk.Tick();

        Assert.Equal((false, 0.0, 0L), (rest.Energised, rest.Commanded, rest.LeaseEnd));
        Assert.Equal((true, 1.0), (open.Energised, open.Commanded));
        Assert.True(open.LeaseEnd > 0);
        // What failed once is not asked again: the latch is there, and nobody was told.
        Assert.Equal((false, false), (tap.Seen.Energised, tap.Seen.Latched));
        Assert.NotNull(Assert.Single(desk.Desk.Outputs()).Latch);
        Assert.Equal(OutputValue.Inactive, desk.Actuator.ReadBack());
    }

    private sealed class Tap : ISafetyTap
    {
        public OutputGlance Seen { get; private set; }

        public bool Throws { get; set; }

        public void Ticked(long timestamp, ReadOnlySpan<OutputGlance> outputs)
        {
            Seen = outputs[0];
            if (Throws) throw new InvalidOperationException("broken");
        }
    }
}
