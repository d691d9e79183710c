using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Journal;
using ClawMesh.Edge.Journal.Writing;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Journal;

public sealed class ReplayTests : IDisposable
{
    private readonly JournalBench _bench = new();

    [Fact]
    [Trait("spec", "X-44")]
    [Trait("spec", "X-81")]
    public async Task A_command_id_is_known_from_its_decision_on_and_across_a_restart()
    {
        ReplayEntry? running;
        using (ActuationJournal journal = _bench.Open())
        {
            Assert.Null(journal.FindCommand("c1"));
            await JournalBench.Append(journal, JournalBench.Operator());
            await JournalBench.Append(journal, JournalBench.Granted("c1"), _bench.Running("c1"));
            running = journal.FindCommand("c1");
            await JournalBench.Append(journal, JournalBench.Outcome("c1"), running! with { Outcome = ActuationOutcome.Done, Answer = """{"code":"OK"}""" });
        }

        using ActuationJournal again = _bench.Open();
        ReplayEntry? known = again.FindCommand("c1");

        Assert.Equal((2L, null, ""), (running!.Sequence, running.Outcome, running.Answer));
        Assert.Equal(running with { Outcome = ActuationOutcome.Done, Answer = """{"code":"OK"}""" }, known);
        Assert.Equal(1, again.RememberedCommands(JournalBench.Valve));
        Assert.Equal(0, again.RememberedCommands("actuator:other"));
    }

    [Fact]
    public async Task An_update_changes_outcome_and_answer_and_nothing_else()
    {
        using ActuationJournal journal = _bench.Open();
        await JournalBench.Append(journal, JournalBench.Granted("c1"), _bench.Running("c1"));

        var forged = new ReplayEntry("c1", "d2", "other", "actuator:other", 9, ActuationOutcome.Fault, "{}", _bench.Time.GetUtcNow().AddDays(9));
        await JournalBench.Append(journal, JournalBench.Outcome("c1"), forged);

        ReplayEntry expected = _bench.Running("c1") with { Sequence = 1, Outcome = ActuationOutcome.Fault, Answer = "{}" };
        Assert.Equal(expected, journal.FindCommand("c1"));
        journal.Dispose();
        using ActuationJournal again = _bench.Open();
        Assert.Equal(expected, again.FindCommand("c1"));
    }

    [Fact]
    public async Task Two_grants_for_one_command_id_cannot_both_be_written()
    {
        using ActuationJournal journal = _bench.Open();
        Task<long>[] both = [.. Enumerable.Range(0, 2).Select(_ => journal.AppendAsync(JournalBench.Granted("c1"), _bench.Running("c1"), JournalBench.Token))];

        EdgeException refused = await Assert.ThrowsAsync<EdgeException>(() => Task.WhenAll(both));

        Assert.Equal(GateCodes.CommandReplayed, refused.Code);
        Assert.Equal(1, both.Count(append => append.IsCompletedSuccessfully));
        Assert.Equal(JournalState.Ready, journal.Health.State);
    }

    [Fact]
    [Trait("spec", "X-44")]
    public void An_id_is_forgotten_only_when_it_is_old_and_no_longer_among_the_newest()
    {
        var time = new ManualTime();
        var memory = new ReplayMemory(JournalOptions.Default with { ReplayPerOutput = 3 }, time);
        Add(memory, time, "a", "b", "c");

        Assert.Empty(memory.RoomFor("t")!);
        time.Advance(TimeSpan.FromHours(25));
        Assert.Equal(0, memory.Young("t"));
        Assert.Equal(["a"], memory.RoomFor("t")!);

        memory.Forget(["a"]);
        Add(memory, time, "d");
        Assert.Equal((false, true, 1), (memory.Knows("a"), memory.Knows("b"), memory.Young("t")));
    }

    [Fact]
    public void A_clock_set_back_makes_remembered_ids_young_again()
    {
        var time = new ManualTime();
        var memory = new ReplayMemory(JournalOptions.Default, time);
        Add(memory, time, "a", "b");
        time.Advance(TimeSpan.FromHours(30));
        Assert.Equal(0, memory.Young("t"));

        time.StepWallClock(TimeSpan.FromHours(-10));

        Assert.Equal(2, memory.Young("t"));
    }

    [Fact]
    public void A_memory_full_of_young_ids_takes_no_more_and_one_with_an_old_one_gives_it_up()
    {
        var time = new ManualTime();
        var memory = new ReplayMemory(JournalOptions.Default with { MaxCommands = 2 }, time);
        Add(memory, time, "a", "b");

        Assert.Null(memory.RoomFor("u"));
        time.Advance(TimeSpan.FromHours(25));
        Assert.Equal(["a"], memory.RoomFor("u")!);
    }

    [Fact]
    [Trait("spec", "X-44")]
    public async Task The_last_places_of_all_are_for_the_safe_direction_and_its_record_needs_none()
    {
        _bench.Options = JournalOptions.Default with { MaxCommands = 8 };
        using ActuationJournal journal = _bench.Open();
        for (int i = 0; i < 6; i++) await JournalBench.Append(journal, JournalBench.Granted($"open-{i}"), _bench.Running($"open-{i}"));

        EdgeException full = await Assert.ThrowsAsync<EdgeException>(() => JournalBench.Append(journal, JournalBench.Granted("one-more"), _bench.Running("one-more")));
        Assert.Equal(GateCodes.ReplayWindowFull, full.Code);
        Assert.Equal(JournalState.Ready, journal.Health.State);
        for (int i = 0; i < 3; i++)
        {
            string id = $"close-{i}";
            var closed = new JournalEntry(JournalRecordType.Outcome, "actuator:pump:1", id, null, GateCodes.Ok, "{}");
            Assert.Equal(7 + i, await JournalBench.Append(journal, closed, _bench.Running(id) with { Outcome = ActuationOutcome.Done, Answer = "{}" }));
            Assert.Equal(i < 2, journal.FindCommand(id) is not null);
        }

        Assert.NotNull(journal.FindCommand("open-0"));
    }

    [Fact]
    public async Task Forgotten_ids_leave_the_database_too()
    {
        _bench.Options = JournalOptions.Default with { ReplayPerOutput = 2 };
        using (ActuationJournal journal = _bench.Open())
        {
            foreach (string id in new[] { "a", "b" }) await JournalBench.Append(journal, JournalBench.Granted(id), _bench.Running(id));
            _bench.Time.Advance(TimeSpan.FromHours(25));
            await JournalBench.Append(journal, JournalBench.Granted("c"), _bench.Running("c"));
        }

        using ActuationJournal again = _bench.Open();
        Assert.Equal((null, "b", "c"), (again.FindCommand("a")?.CommandId, again.FindCommand("b")?.CommandId, again.FindCommand("c")?.CommandId));
    }

    public void Dispose() => _bench.Dispose();

    private static void Add(ReplayMemory memory, TimeProvider time, params string[] ids)
    {
        foreach (string id in ids) memory.Apply(new ReplayEntry(id, "d", "s", "t", 1, null, "", time.GetUtcNow()));
    }
}
