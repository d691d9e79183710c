using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ClawMesh.Edge.EndToEnd;

/// <summary>
/// Two published nodes over a bad line. A minute of it in every run; <c>make soak</c> sets CLAWMESH_SOAK_SECONDS, prints the figures and
/// holds the memory to its budget as well, which needs more than a minute to be measured.
/// </summary>
public class MeshImpairedTests
{
    private const int Seed = 20_261_121;
    private const int OrdinarySeconds = 60;
    private const double MostMegabytesPerHour = 2;
    private const double MostGrowthOfAShortRunMegabytes = 24;

    // More than a node remembers of anything ([W-76], [W-82]): what is full does not grow any more.
    private const int FramesThatFillANode = 20_500;

    private static readonly TimeSpan RejoinLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(90);

    // Twice as long as a node waits between two looks at the memory it could give back: the lowest figure within is what it holds on to.
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(75);

    private readonly List<string> _story = [];
    private readonly long _began = Stopwatch.GetTimestamp();

    private TimeSpan Elapsed => Stopwatch.GetElapsedTime(_began);

    [Fact]
    [Trait("spec", "W-42")]
    [Trait("spec", "X-34")]
    [Trait("spec", "X-35")]
    public async Task Two_nodes_over_a_bad_line_find_each_other_again_every_time()
    {
        int? soak = int.TryParse(Environment.GetEnvironmentVariable("CLAWMESH_SOAK_SECONDS"), NumberStyles.None, CultureInfo.InvariantCulture, out int asked) ? asked : null;
        await using MeshMember acceptor = await MeshMember.CreateAsync();
        await using MeshMember dialler = await MeshMember.CreateAsync();
        await MeshMember.IntroduceAsync(acceptor, dialler);
        await acceptor.StartAsync();
        await using ImpairingProxy proxy = ImpairingProxy.Start(acceptor.Port, Seed);
        await dialler.StartAsync("--peer", $"{acceptor.DeviceId}=ws://127.0.0.1:{proxy.Port}||lan");
        await dialler.JoinedAsync(acceptor);

        using var end = new CancellationTokenSource();
        Task<List<TimeSpan>> watching = WatchAsync(dialler, acceptor, end.Token);
        var random = new Random(Seed);
        int done = soak is { } seconds
            ? await SoakAsync(proxy, random, acceptor, dialler, TimeSpan.FromSeconds(seconds))
            : await ShortlyAsync(proxy, random, acceptor, dialler);
        await dialler.JoinedAsync(acceptor);
        await acceptor.JoinedAsync(dialler);
        await end.CancelAsync();
        List<TimeSpan> times = await watching;
        Tell($"{Elapsed.TotalSeconds:0} s, seed {Seed}: {done} impairments, {proxy.Carried} connections; rejoined {times.Count} times, {Text(times)}");

        Assert.NotEmpty(times);
        Assert.All(times, t => Assert.True(t <= RejoinLimit, $"a rejoin took {t.TotalSeconds:0.0} s\n{string.Join('\n', _story)}"));
        Assert.False(acceptor.Node.HasExited || dialler.Node.HasExited, string.Join('\n', _story));
        string fresh = (await dialler.FramesOfAsync(dialler.DeviceId))[^1].GetProperty("frameId").GetString()!;
        await MeshPoll.UntilAsync(
            async () => (await acceptor.FramesOfAsync(dialler.DeviceId)).Any(f => f.GetProperty("frameId").GetString() == fresh), "the dialler's newest frame at the acceptor", TimeSpan.FromSeconds(20));
        foreach (MeshMember member in (MeshMember[])[acceptor, dialler])
            Assert.DoesNotContain(await member.EventsAsync("error"), e => e.GetProperty("severity").GetString() == "error");
    }

    private async Task<int> ShortlyAsync(ImpairingProxy proxy, Random random, MeshMember acceptor, MeshMember dialler)
    {
        double[] before = [Pss(acceptor), Pss(dialler)];
        int done = await ImpairAsync(proxy, random, TimeSpan.FromSeconds(OrdinarySeconds));
        double[] after = [Pss(acceptor), Pss(dialler)];
        Tell(string.Create(
            CultureInfo.InvariantCulture,
            $"PSS of acceptor and dialler: {before[0]:0.0} and {before[1]:0.0} MB at first, {after[0]:0.0} and {after[1]:0.0} MB after {OrdinarySeconds} s in which their memory of frames fills; `make soak` measures the slope"));
        Assert.True(after[0] - before[0] <= MostGrowthOfAShortRunMegabytes, $"the acceptor grew by {after[0] - before[0]:0.0} MB");
        Assert.True(after[1] - before[1] <= MostGrowthOfAShortRunMegabytes, $"the dialler grew by {after[1] - before[1]:0.0} MB");
        return done;
    }

    private async Task<int> SoakAsync(ImpairingProxy proxy, Random random, MeshMember acceptor, MeshMember dialler, TimeSpan length)
    {
        foreach (MeshMember member in (MeshMember[])[acceptor, dialler]) await FillAsync(member);
        int done = await ImpairAsync(proxy, random, WarmUp);
        (double[] before, TimeSpan since) = (await SettledAsync(acceptor, dialler), Elapsed);
        done += await ImpairAsync(proxy, random, length);
        (double[] after, TimeSpan until) = (await SettledAsync(acceptor, dialler), Elapsed);
        string[] names = ["acceptor", "dialler"];
        var slopes = new double[names.Length];
        for (int i = 0; i < names.Length; i++)
        {
            slopes[i] = (after[i] - before[i]) / (until - since).TotalHours;
            Tell(string.Create(
                CultureInfo.InvariantCulture,
                $"{names[i]}: PSS at rest {before[i]:0.00} MB after the warm-up and {after[i]:0.00} MB {(until - since).TotalMinutes:0.0} min later: {slopes[i]:+0.0;-0.0;0.0} MB/h"));
        }

        Assert.All(slopes, slope => Assert.True(slope <= MostMegabytesPerHour, string.Join('\n', _story)));
        return done;
    }

    // The filling frames are longer than those of the farm, so that the log of frames only shrinks afterwards.
    private static readonly string Long = new('x', 120);

    /// <summary>Tells a node as many frames as it remembers, by a peer of its own, so that what grows afterwards is no memory that fills.</summary>
    private static async Task FillAsync(MeshMember member)
    {
        using var identity = new WireIdentity();
        await member.TrustAsync(identity.DeviceId, identity.PublicKey);
        await using MeshWire wire = await MeshWire.JoinAsync(member, identity);
        long wanted = await member.CounterAsync("mesh.frames.ingested") + FramesThatFillANode;
        while (await member.CounterAsync("mesh.frames.ingested") < wanted)
        {
            for (int i = 0; i < 500; i++)
            {
                await wire.SendAsync(
                    $$$"""{"type":"event","event":"context.frame","payload":{"gen":1,"kind":"observation","frameId":"{{{Guid.NewGuid():D}}}","sourceDeviceId":"{{{identity.DeviceId}}}","timestamp":{{{DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()}}},"sourceDisplayName":"{{{Long}}}","data":{"zone":"zone-{{{i % 50}}}","metric":"moisture","value":{{{i}}},"unit":"%","threshold":20,"status":"normal","sensor":"{{{Long}}}"},"trust":{"evidence_sources":["sensor"],"evidence_trust_tier":"T2_operational_observation"},"hops":0}}""");
            }

            // The answer says that the node has come this far; a refusal, that it takes no more for now ([W-154]).
            if (!(await wire.AskAsync("mesh.ping", new JsonObject { ["t"] = 1, ["n"] = 1 })).GetProperty("ok").GetBoolean()) await Task.Delay(250);
        }
    }

    /// <summary>The lowest PSS of both, in megabytes, while nothing is done to the line.</summary>
    private async Task<double[]> SettledAsync(MeshMember acceptor, MeshMember dialler)
    {
        double[] lowest = [double.MaxValue, double.MaxValue];
        long began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began) < Settling)
        {
            lowest[0] = Math.Min(lowest[0], Pss(acceptor));
            lowest[1] = Math.Min(lowest[1], Pss(dialler));
            await Task.Delay(500);
        }

        return lowest;
    }

    // The first round has one of each, in an order the seed chose; after that anything may follow anything.
    private async Task<int> ImpairAsync(ImpairingProxy proxy, Random random, TimeSpan length)
    {
        using var end = new CancellationTokenSource(length);
        Impairment[] kinds = Enum.GetValues<Impairment>();
        random.Shuffle(kinds);
        int done = 0;
        try
        {
            while (true)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(random.Next(2_000, 6_000)), end.Token);
                Impairment kind = done < kinds.Length ? kinds[done] : (Impairment)random.Next(kinds.Length);
                double at = Elapsed.TotalSeconds;
                string what = await proxy.ImpairAsync(kind, end.Token);
                done++;
                Tell(string.Create(CultureInfo.InvariantCulture, $"{at,7:0.0} s  {what}"));

                // A line that is cut is noticed by its silence; what comes next must find a line to impair.
                if (kind == Impairment.Cut) await Task.Delay(TimeSpan.FromSeconds(12), end.Token);
            }
        }
        catch (OperationCanceledException)
        {
            return done;
        }
    }

    /// <summary>Follows the dialler's own events; every loss must be followed by a session.</summary>
    private async Task<List<TimeSpan>> WatchAsync(MeshMember dialler, MeshMember acceptor, CancellationToken end)
    {
        var rejoins = new List<TimeSpan>();
        long after = 0;
        long? lostAtMs = null;
        while (true)
        {
            bool last = end.IsCancellationRequested && lostAtMs is null && await dialler.HasSessionWithAsync(acceptor.DeviceId);
            foreach (JsonElement e in (await dialler.Node.CallAsync("mesh.events", $$"""{"limit":200,"afterSequence":{{after}}}""")).GetProperty("events").EnumerateArray())
            {
                after = e.GetProperty("sequence").GetInt64();
                long at = e.GetProperty("timestamp").GetInt64();
                switch (e.GetProperty("type").GetString())
                {
                    case "peer.disconnect":
                        lostAtMs ??= at;
                        Tell(string.Create(CultureInfo.InvariantCulture, $"{Elapsed.TotalSeconds,7:0.0} s  {e.GetProperty("message").GetString()}"));
                        break;
                    case "peer.connect" when lostAtMs is { } since:
                        rejoins.Add(TimeSpan.FromMilliseconds(at - since));
                        Tell(string.Create(CultureInfo.InvariantCulture, $"{Elapsed.TotalSeconds,7:0.0} s  rejoined after {rejoins[^1].TotalSeconds:0.0} s"));
                        lostAtMs = null;
                        break;
                }
            }

            if (last && lostAtMs is null) return rejoins;
            if (lostAtMs is { } gone && DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() - gone > RejoinLimit.TotalMilliseconds)
                throw new TimeoutException($"no rejoin within {RejoinLimit.TotalSeconds:0} s\n{string.Join('\n', _story)}");
            await Task.Delay(200, CancellationToken.None);
        }
    }

    /// <summary>Megabytes (10^6) of the process's proportional set size.</summary>
    private static double Pss(MeshMember member)
    {
        string line = File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{member.Node.ProcessId}/smaps_rollup")).First(l => l.StartsWith("Pss:", StringComparison.Ordinal));
        return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024 / 1e6;
    }

    private static string Text(List<TimeSpan> times) => times.Count == 0
        ? "never"
        : string.Create(CultureInfo.InvariantCulture, $"median {times.Order().ElementAt(times.Count / 2).TotalSeconds:0.0} s, longest {times.Max().TotalSeconds:0.0} s");

    private void Tell(string line)
    {
        lock (_story) _story.Add(line);
        TestContext.Current.TestOutputHelper?.WriteLine(line);
    }
}
