using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Agent.Node;

public sealed class ReleaseChronicleTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new();
    private readonly InMemorySettings _settings = new();
    private readonly EventLog _events = new(new ManualTime());
    private readonly List<string> _journal = [];
    private bool _away;

    [Fact]
    public async Task The_first_version_ever_is_no_news_and_another_one_is()
    {
        await LookAsync("0.1.0");
        Assert.Empty(_journal);

        await LookAsync("0.2.0");
        await LookAsync("0.2.0");

        Assert.Equal(["release start-guard: 0.2.0, was 0.1.0"], _journal);
        Assert.Equal("Version 0.2.0 runs; before it ran 0.1.0.", Assert.Single(_events.Newest(10)).Message);
    }

    [Fact]
    public async Task How_an_update_ended_is_journaled_once_with_its_reason()
    {
        _scratch.Put("last-result", "result=rolled-back\nrelease=0.2.0\nprevious=0.1.0\ntime=1700000000\nreason=3 starts, and it did not become healthy\n");

        await LookAsync("0.1.0");
        await LookAsync("0.1.0");

        Assert.Equal(["update-rolled-back start-guard: 0.2.0, before it 0.1.0: 3 starts, and it did not become healthy"], _journal);
        Assert.Equal(EventSeverity.Warning, Assert.Single(_events.Newest(10)).Severity);
    }

    [Fact]
    public async Task A_journal_that_is_away_hears_of_it_later()
    {
        await LookAsync("0.1.0");
        _away = true;
        await LookAsync("0.2.0");
        Assert.Empty(_journal);

        _away = false;
        await LookAsync("0.2.0");

        Assert.Single(_journal);
    }

    public void Dispose() => _scratch.Dispose();

    private Task LookAsync(string version) => new ReleaseChronicle(
        version, _scratch.At("last-result"), _settings,
        (act, by, detail, _) =>
        {
            if (_away) throw new EdgeException(GateCodes.JournalUnavailable, "", "", "");
            _journal.Add($"{act} {by}: {detail}");
            return Task.CompletedTask;
        },
        _events).LookAsync(TestContext.Current.CancellationToken);
}
