using System.Text.Json;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Mesh.Proposals;

namespace ClawMesh.Edge.Tests.Mesh.Proposals;

public sealed class HeardProposalsTests
{
    private readonly HeardProposals _heard = new();

    [Fact]
    [Trait("spec", "W-118")]
    public void The_last_word_counts_and_nothing_comes_after_the_end()
    {
        Keep(1, "t1", "awaiting_approval");
        Keep(1, "t1", "approved");
        Assert.Equal("approved", Assert.Single(_heard.All).Status);
        Keep(1, "t1", "completed");
        Keep(1, "t1", "awaiting_approval");
        Assert.Equal("completed", Assert.Single(_heard.All).Status);
    }

    [Fact]
    [Trait("spec", "W-82")]
    public void Sixty_four_of_each_of_sixteen_planners_are_kept_and_what_is_over_goes_first()
    {
        Keep(1, "open", "awaiting_approval");
        for (int n = 0; n < 200; n++) Keep(1, $"over-{n}", "rejected");
        Assert.Equal(64, _heard.All.Count);
        Assert.NotNull(_heard.Find("open"));
        for (int planner = 2; planner < 40; planner++)
        {
            for (int n = 0; n < 100; n++) Keep(planner, $"t-{planner}-{n}", "awaiting_approval");
        }

        Assert.Equal(16 * 64, _heard.All.Count);
        Assert.Null(_heard.Find("open"));
        Assert.NotNull(_heard.Find("t-39-99"));
        Assert.Null(_heard.Find("t-39-35"));
    }

    [Fact]
    [Trait("spec", "W-82")]
    public void A_record_that_is_too_long_or_oddly_typed_takes_no_room()
    {
        _heard.Keep(Planner(1), "t1", "awaiting_approval", Json($$"""{"summary":"{{new string('x', 7_000)}}"}"""));
        Assert.Empty(_heard.All);
        _heard.Keep(Planner(1), "t2", "awaiting_approval", Json("""{"summary":7,"approvalLevel":[],"peerDeviceId":{},"expiresAtMs":"soon"}"""));
        Assert.Equal(("", "", "", 0), (_heard.All[0].Summary, _heard.All[0].Level, _heard.All[0].Executor, _heard.All[0].ExpiresAtMs));
    }

    [Fact]
    public void What_has_expired_by_its_own_word_is_no_longer_open()
    {
        _heard.Keep(Planner(1), "t1", "awaiting_approval", Json("""{"expiresAtMs":1000}"""));
        Assert.True(_heard.Find("t1")!.IsOpen(999));
        Assert.False(_heard.Find("t1")!.IsOpen(1_000));
    }

    private void Keep(int planner, string task, string status) => _heard.Keep(Planner(planner), task, status, Json("""{"summary":"s"}"""));

    private static NodeId Planner(int n) => new($"{n:x64}");

    private static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement;
}
