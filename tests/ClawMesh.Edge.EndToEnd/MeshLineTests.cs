using System.Diagnostics;
using System.Text.Json;

namespace ClawMesh.Edge.EndToEnd;

/// <summary>Three published nodes in a line, A ← B ← C: what one end measures the other end knows, and a middle that dies is missed and caught up with.</summary>
public class MeshLineTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    [Fact]
    [Trait("spec", "W-42")]
    [Trait("spec", "W-60")]
    [Trait("spec", "W-74")]
    [Trait("spec", "W-75")]
    [Trait("spec", "W-77")]
    [Trait("spec", "W-85")]
    [Trait("spec", "W-139")]
    public async Task A_frame_crosses_two_hops_and_what_the_far_end_missed_while_the_middle_was_dead_it_gets_afterwards()
    {
        await using MeshMember a = await MeshMember.CreateAsync();
        await using MeshMember b = await MeshMember.CreateAsync();
        await using MeshMember c = await MeshMember.CreateAsync();
        await MeshMember.IntroduceAsync(a, b);
        await MeshMember.IntroduceAsync(b, c);
        await a.StartAsync();
        await b.StartAsync("--peer", a.Spec);
        await c.StartAsync("--peer", b.Spec);
        await b.JoinedAsync(a);
        await c.JoinedAsync(b);
        Assert.False(await c.HasSessionWithAsync(a.DeviceId), "C must know A through B alone");

        await MeshPoll.UntilAsync(async () => (await c.FramesOfAsync(a.DeviceId)).Any(f => f.GetProperty("hops").GetInt32() == 1), "a frame of A at C with one hop behind it", Soon);
        Ran world = await c.CliAsync("world", "--frames", "--json");
        Assert.True(world.ExitCode == 0, world.ToString());
        JsonElement far = Assert.Single(world.Data.GetProperty("current").EnumerateArray(), f => IsOf(f, a.DeviceId, "sensor:soil-moisture:zone-1"));
        Assert.True(far.GetProperty("data").GetProperty("simulated").GetBoolean(), "members a relay does not know survive it");
        await AssertRelayChangedOnlyHopsAsync(a, c);

        await b.Node.KillAsync();
        await c.LostAsync(b);
        await a.LostAsync(b);
        Assert.Contains(await c.MessagesAsync("peer.disconnect"), m => m.StartsWith($"Disconnected: {b.DeviceId[..12]}… (outbound disconnected)", StringComparison.Ordinal));
        Assert.Contains(await a.MessagesAsync("peer.disconnect"), m => m.StartsWith($"Disconnected: {b.DeviceId[..12]}… (socket closed)", StringComparison.Ordinal));

        // Pauses of 1, 2 and 4 s.
        long lost = Stopwatch.GetTimestamp();
        await MeshPoll.UntilAsync(async () => (await DialOfAsync(c, b)).GetProperty("attempts").GetInt32() >= 3, "C to try again and to wait", Soon);
        Assert.True(Stopwatch.GetElapsedTime(lost) > TimeSpan.FromSeconds(2), "three attempts within two seconds are no back-off");
        JsonElement dial = await DialOfAsync(c, b);
        Assert.NotEqual("connected", dial.GetProperty("state").GetString());
        Assert.NotEqual("", dial.GetProperty("lastFault").GetString());
        HashSet<string> known = [.. (await c.FramesOfAsync(a.DeviceId)).Select(Id)];
        string[] missed = [];
        await MeshPoll.UntilAsync(
            async () => (missed = [.. (await a.FramesOfAsync(a.DeviceId)).Select(Id).Where(id => !known.Contains(id))]).Length >= 10, "A to say something while B is dead", Soon);
        Assert.DoesNotContain(await c.FramesOfAsync(a.DeviceId), f => missed.Contains(Id(f)));

        await b.StartAsync("--peer", a.Spec);
        await c.JoinedAsync(b);
        await b.JoinedAsync(a);
        HashSet<string> wanted = [.. missed.TakeLast(20)];
        await MeshPoll.UntilAsync(
            async () => wanted.IsSubsetOf((await c.FramesOfAsync(a.DeviceId)).Select(Id)), "C to know what A said during the outage", MeshMember.JoinLimit,
            async () => $"{wanted.Except((await c.FramesOfAsync(a.DeviceId)).Select(Id)).Count()} of {wanted.Count} missing");
        Assert.True(await b.CounterAsync("edge.sync.frames") > 0, "B did not ask for what it missed");
        Assert.NotEmpty(await b.EventsAsync("peer.sync"));
        Assert.Equal(0, (await DialOfAsync(c, b)).GetProperty("attempts").GetInt32());
    }

    [Fact]
    [Trait("spec", "W-114")]
    [Trait("spec", "W-115")]
    [Trait("spec", "W-156")]
    [Trait("spec", "W-160")]
    public async Task The_leadership_goes_to_the_standby_once_and_back_once_and_a_clean_stop_is_announced()
    {
        await using MeshMember planner = await MeshMember.CreateAsync();
        await using MeshMember standby = await MeshMember.CreateAsync();
        await using MeshMember field = await MeshMember.CreateAsync();
        await MeshMember.IntroduceAsync(planner, standby);
        await MeshMember.IntroduceAsync(planner, field);
        await MeshMember.IntroduceAsync(standby, field);
        await planner.StartAsync("--role", "planner");
        await field.StartAsync("--role", "field", "--peer", planner.Spec, "--peer", standby.Spec);
        await standby.StartAsync("--role", "standby-planner", "--peer", planner.Spec);
        await standby.JoinedAsync(planner);
        await field.JoinedAsync(planner);
        await field.JoinedAsync(standby);
        await LeaderIsAsync(standby, planner.DeviceId);
        await LeaderIsAsync(field, planner.DeviceId);
        Assert.Equal("standby", (await standby.StatusAsync()).GetProperty("plannerActivity").GetProperty("state").GetString());
        int before = (await standby.EventsAsync("mode.change")).Length;
        int atField = (await field.EventsAsync("mode.change")).Length;

        await planner.Node.KillAsync();
        await LeaderIsAsync(standby, standby.DeviceId);
        await LeaderIsAsync(field, standby.DeviceId);
        JsonElement acting = (await standby.StatusAsync()).GetProperty("plannerActivity");
        Assert.Equal("active", acting.GetProperty("state").GetString());
        Assert.True(acting.GetProperty("shouldHandleAutonomous").GetBoolean());

        await planner.StartAsync("--role", "planner");
        await standby.JoinedAsync(planner);
        await field.JoinedAsync(planner);
        await LeaderIsAsync(standby, planner.DeviceId);
        await LeaderIsAsync(field, planner.DeviceId);
        Assert.Equal(before + 2, (await standby.EventsAsync("mode.change")).Length);
        Assert.Equal(atField + 2, (await field.EventsAsync("mode.change")).Length);

        Assert.Equal(0, await planner.Node.TerminateAsync());
        await LeaderIsAsync(standby, standby.DeviceId);
        Assert.StartsWith($"Disconnected: {planner.DeviceId[..12]}… (peer leaving)", (await standby.MessagesAsync("peer.disconnect"))[^1], StringComparison.Ordinal);
        Assert.StartsWith($"Disconnected: {planner.DeviceId[..12]}… (peer leaving)", (await field.MessagesAsync("peer.disconnect"))[^1], StringComparison.Ordinal);
    }

    private static Task LeaderIsAsync(MeshMember member, string leader) => MeshPoll.UntilAsync(
        async () => (await member.StatusAsync()).GetProperty("plannerActivity").GetProperty("leader") is var l && l.TryGetProperty("deviceId", out JsonElement id) && id.GetString() == leader,
        $"{leader[..12]}… to lead", Soon, async () => (await member.StatusAsync()).GetProperty("plannerActivity").GetRawText());

    private static async Task AssertRelayChangedOnlyHopsAsync(MeshMember origin, MeshMember far)
    {
        JsonElement[] there = await far.FramesOfAsync(origin.DeviceId);
        JsonElement[] here = await origin.FramesOfAsync(origin.DeviceId);
        int compared = 0;
        foreach (JsonElement frame in there)
        {
            if (frame.GetProperty("hops").GetInt32() != 1 || Array.Find(here, f => Id(f) == Id(frame)) is not { ValueKind: JsonValueKind.Object } own) continue;
            Assert.Equal(WithoutHops(own), WithoutHops(frame));
            compared++;
        }

        Assert.True(compared > 0, "no frame of A is known at both ends");
    }

    private static string WithoutHops(JsonElement frame) =>
        string.Join('\n', frame.EnumerateObject().Where(m => m.Name != "hops").OrderBy(m => m.Name, StringComparer.Ordinal).Select(m => $"{m.Name} {m.Value.GetRawText()}"));

    private static async Task<JsonElement> DialOfAsync(MeshMember dialler, MeshMember peer) =>
        (await dialler.StatusAsync()).GetProperty("configuredStaticPeers").EnumerateArray().Single(p => p.GetProperty("deviceId").GetString() == peer.DeviceId).GetProperty("edge");

    private static bool IsOf(JsonElement frame, string origin, string sensor) =>
        frame.GetProperty("sourceDeviceId").GetString() == origin && frame.GetProperty("data").TryGetProperty("sensor", out JsonElement id) && id.GetString() == sensor;

    private static string Id(JsonElement frame) => frame.GetProperty("frameId").GetString()!;
}
