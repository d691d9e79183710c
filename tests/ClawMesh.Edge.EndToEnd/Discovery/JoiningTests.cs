namespace ClawMesh.Edge.EndToEnd.Discovery;

/// <summary>Two nodes as they came out of the box, on two hosts, and two people: from pairing to a mesh that forms by itself.</summary>
public sealed class JoiningTests
{
    [Fact]
    [Trait("spec", "X-52")]
    [Trait("spec", "X-53")]
    [Trait("spec", "W-39")]
    public async Task Once_paired_two_nodes_find_and_join_each_other_after_any_restart_with_no_flag_and_no_trust_add()
    {
        await using Network network = await Network.CreateAsync();
        using TempState house = new(), pump = new();
        string houseId = await IdentityAsync(house), pumpId = await IdentityAsync(pump);
        Printed nodeHouse = Start(network, Network.HostA, house), nodePump = Start(network, Network.HostB, pump);
        await nodeHouse.LineAsync("Looking for peers by multicast DNS on eth0");
        await nodePump.LineAsync("Looking for peers by multicast DNS on eth0");

        await using (TerminalProcess accepting = TerminalProcess.Start("pair", "--accept", "--state-dir", pump))
        {
            await accepting.UntilAsync("Pairing is open");
            // The other finds it by its announcement: nobody types an address.
            await using TerminalProcess looking = TerminalProcess.Start("pair", "--state-dir", house);
            string shown = await accepting.UntilAsync("Type this code at the other device:");
            await accepting.UntilAsync("equal? [y/N");
            await looking.UntilAsync("six digits");
            await looking.TypeAsync(shown["Type this code at the other device:".Length..].Trim()[..7]);
            await looking.UntilAsync("The codes are equal");
            await accepting.TypeAsync("y");
            Assert.True(await looking.ExitCodeAsync() == 0, looking.Shown);
            Assert.True(await accepting.ExitCodeAsync() == 0, accepting.Shown);
        }

        await nodeHouse.LineAsync("peer.connect", pumpId[..12]);
        await nodePump.LineAsync("peer.connect", houseId[..12]);

        // One ends as after a power cut, the other as told; both start with nothing but their state.
        await nodeHouse.KillAsync();
        await nodePump.StopAsync();
        Printed houseAgain = Start(network, Network.HostA, house), pumpAgain = Start(network, Network.HostB, pump);
        await houseAgain.LineAsync("peer.connect", pumpId[..12]);
        await pumpAgain.LineAsync("peer.connect", houseId[..12]);
        await MeshPoll.UntilAsync(
            async () => (await EdgeBinary.RunAsync("world", "--frames", "--json", "--state-dir", house)).Data.GetProperty("frames").EnumerateArray().Any(f => f.GetProperty("sourceDeviceId").GetString() == pumpId && f.TryGetProperty("sig", out _)),
            "a signed frame of the other", TimeSpan.FromSeconds(20));
    }

    private static Printed Start(Network network, string host, string state) =>
        network.Start(host, $"exec '{EdgeBinary.Path}' run --site simulated --state-dir '{state}' --log-format text");

    private static async Task<string> IdentityAsync(TempState state) => (await EdgeBinary.RunAsync("identity", "--json", "--state-dir", state)).Data.GetProperty("deviceId").GetString()!;
}
