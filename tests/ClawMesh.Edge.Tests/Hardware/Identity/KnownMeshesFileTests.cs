using System.Globalization;
using System.Text.Json;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Hardware.Identity;

public sealed class KnownMeshesFileTests : IDisposable
{
    private static readonly Guid Invented = Guid.Parse("2f5df2af-c81b-4003-a83f-22a0ea7b8cec");
    private static readonly string Own = Invented.ToString("D");
    private static readonly string Orchard = MeshIdentity.OfName("orchard");
    private static readonly string Bhoomi = MeshIdentity.OfName("bhoomi");

    private readonly ScratchDirectory _state = new();
    private readonly ManualTime _time = new();
    private readonly InMemoryTrustStore _trust = new();

    private string Path => _state.At(KnownMeshesFile.RelativePath);

    public void Dispose() => _state.Dispose();

    [Fact]
    [Trait("spec", "W-29")]
    [Trait("spec", "W-30")]
    public void A_node_belongs_to_the_mesh_of_its_configuration_else_to_the_one_it_joined_else_to_the_one_it_invented()
    {
        KnownMeshesFile node = Open();
        Assert.Equal((Own, MeshOrigin.Invented), (node.MeshId, node.Origin));
        node.Join(Bhoomi);
        Assert.Equal((Bhoomi, MeshOrigin.Joined), (node.MeshId, node.Origin));

        KnownMeshesFile named = Open("orchard");
        Assert.Equal((Orchard, MeshOrigin.Configuration), (named.MeshId, named.Origin));
        KnownMeshesFile again = Open();
        Assert.Equal((Bhoomi, MeshOrigin.Joined), (again.MeshId, again.Origin));
        Assert.Equal(Own, MeshIdentity.TryLoad(_state.Path));
    }

    [Fact]
    [Trait("spec", "W-30")]
    public void Who_only_looks_invents_no_mesh_and_makes_no_file()
    {
        var looker = new KnownMeshesFile(_state.Path, null, _time);

        Assert.Null(looker.OwnMeshId);
        Assert.Empty(looker.Meshes);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_state.Path));
    }

    [Fact]
    public void A_mesh_is_an_own_invention_until_it_is_named_shared_or_left()
    {
        Assert.True(Open().IsOwnInvention);
        Assert.False(Open("orchard").IsOwnInvention);
        Assert.False(new KnownMeshesFile(_state.Path, null, _time, () => Invented).IsOwnInvention);
        _trust.Problem = "damaged";
        Assert.False(Open().IsOwnInvention);
        _trust.Problem = null;
        _trust.Add(new NodeId(new string('a', 64)));
        Assert.False(Open().IsOwnInvention);
        _trust.Remove(new NodeId(new string('a', 64)));
        KnownMeshesFile node = Open();
        node.Join(Bhoomi);
        Assert.False(node.IsOwnInvention);
    }

    [Fact]
    public void Joining_is_refused_where_it_would_break_a_person_s_word_or_leave_people_behind()
    {
        string[] whys =
        [
            Why(() => Open("orchard").Join(Bhoomi)),
            Why(() => Open().Join("no mesh id")),
            Why(() =>
            {
                _trust.Add(new NodeId(new string('a', 64)));
                Open().Join(Bhoomi);
            }),
            Why(() =>
            {
                _trust.Remove(new NodeId(new string('a', 64)));
                Open().SetPolicy(Bhoomi, JoinPolicy.Never);
                Open().Join(Bhoomi);
            }),
        ];

        Assert.Equal(["'orchard'", "no mesh id", "trusts devices", "never joined"], whys.Zip((string[])["'orchard'", "no mesh id", "trusts devices", "never joined"], (why, word) => why.Contains(word, StringComparison.Ordinal) ? word : why));
        Assert.Equal(Own, Open().MeshId);
        Open().Join(Own);

        static string Why(Action join)
        {
            var fault = Assert.Throws<EdgeException>(join);
            Assert.Equal("mesh.not_joinable", fault.Code);
            return fault.Why;
        }
    }

    [Fact]
    public void A_node_joins_one_mesh_at_a_time_durably()
    {
        KnownMeshesFile node = Open();
        node.Join(Bhoomi);
        node.Join(Orchard);

        Assert.Equal((Orchard, false, true), (node.MeshId, node.Meshes[0].Joined, node.Meshes[1].Joined));
        Assert.Equal(Orchard, Open().MeshId);
        Assert.True(node.Forget(Orchard));
        Assert.Equal((Own, Own), (node.MeshId, Open().MeshId));
        Assert.False(node.Forget(Orchard));
    }

    [Fact]
    public void The_policy_is_auto_for_the_own_mesh_ask_for_others_and_else_what_a_person_decided()
    {
        KnownMeshesFile node = Open();
        node.Met(Bhoomi);
        Assert.Equal((JoinPolicy.Auto, JoinPolicy.Ask, JoinPolicy.Ask), (node.PolicyOf(Own), node.PolicyOf(Bhoomi), node.PolicyOf(Orchard)));

        Assert.True(node.SetPolicy(Own, JoinPolicy.Ask));
        Assert.True(node.SetPolicy(Bhoomi, JoinPolicy.Never));
        Assert.False(node.SetPolicy(Bhoomi, JoinPolicy.Never));
        Assert.Equal((JoinPolicy.Ask, JoinPolicy.Never), (node.PolicyOf(Own), node.PolicyOf(Bhoomi)));
        Assert.Equal(UnixMode.OwnerOnly, UnixMode.Of(Path));
    }

    [Fact]
    public void An_edit_in_another_process_is_seen_within_a_second()
    {
        KnownMeshesFile node = Open();
        Open().SetPolicy(Own, JoinPolicy.Never);
        Assert.Equal(JoinPolicy.Auto, node.PolicyOf(Own));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(JoinPolicy.Never, node.PolicyOf(Own));

        Open().Forget(Own);
        Open().Join(Bhoomi);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal((JoinPolicy.Auto, Bhoomi), (node.PolicyOf(Bhoomi), node.MeshId));
    }

    [Fact]
    public void What_this_version_does_not_know_stays_as_it_is()
    {
        _state.Put("meshes.json", $$"""{"later":[1,2.50],"version":1,"meshes":[{"x":{"y":"\u0041"},"meshId":"{{Bhoomi}}"},"odd"]}""");
        KnownMeshesFile node = Open();
        Assert.Contains("Entry 2", Assert.Single(node.Warnings), StringComparison.Ordinal);

        node.SetPolicy(Bhoomi, JoinPolicy.Auto);
        node.SetPolicy(Orchard, JoinPolicy.Never);

        string text = File.ReadAllText(Path);
        foreach (string part in (string[])["2.50", "\\u0041", "\"odd\"", "\"later\""]) Assert.Contains(part, text, StringComparison.Ordinal);
        Assert.Equal(["auto", "never"], JsonDocument.Parse(text).RootElement.GetProperty("meshes").EnumerateArray().Where(m => m.ValueKind == JsonValueKind.Object).Select(m => m.GetProperty("policy").GetString()));
    }

    [Theory]
    [InlineData("{ broken")]
    [InlineData("""{"version":2,"meshes":[]}""")]
    [InlineData("""{"version":1,"meshes":{}}""")]
    [InlineData("""{"version":1,"version":1,"meshes":[]}""")]
    [InlineData("")]
    public void A_file_that_cannot_be_used_is_never_written_joins_nothing_and_dials_nobody_found(string text)
    {
        MeshIdentity.LoadOrCreate(_state.Path, () => Invented);
        _state.Put("meshes.json", text);
        KnownMeshesFile node = Open();

        Assert.Contains("cannot be used", node.Problem, StringComparison.Ordinal);
        Assert.Equal((Own, JoinPolicy.Ask, JoinPolicy.Ask), (node.MeshId, node.PolicyOf(Own), node.PolicyOf(Bhoomi)));
        foreach (Action edit in (Action[])[() => node.SetPolicy(Bhoomi, JoinPolicy.Auto), () => node.Forget(Bhoomi), () => node.Join(Bhoomi), () => Open("orchard").NoteName()])
            Assert.Equal("mesh.list_unreadable", Assert.Throws<EdgeException>(edit).Code);
        node.Met(Bhoomi);
        Assert.Equal(text, File.ReadAllText(Path));
        Assert.Equal(Orchard, Open("orchard").MeshId);
    }

    // Else a disk fault would move the node to the mesh it once invented, and it would forget its own frames.
    [Fact]
    public void A_list_that_becomes_unusable_while_the_node_runs_leaves_it_in_its_mesh()
    {
        KnownMeshesFile node = Open();
        node.Join(Bhoomi);
        foreach (string text in (string[])["{ broken", "", """{"version":2,"meshes":[]}"""])
        {
            _state.Put("meshes.json", text);
            _time.Advance(TimeSpan.FromSeconds(1));
            Assert.Contains("cannot be used", node.Problem, StringComparison.Ordinal);
            Assert.Equal((Bhoomi, MeshOrigin.Joined, false, JoinPolicy.Ask), (node.MeshId, node.Origin, node.IsOwnInvention, node.PolicyOf(Bhoomi)));
            Assert.Throws<EdgeException>(() => node.SetPolicy(Orchard, JoinPolicy.Ask));
            Assert.Equal(Bhoomi, node.MeshId);
        }

        _state.Put("meshes.json", """{"version":1,"meshes":[]}""");
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal((Own, null), (node.MeshId, node.Problem));
    }

    [Fact]
    public void A_mesh_told_once_is_told_again_when_the_id_of_the_invented_one_cannot_be_read()
    {
        _state.Put("mesh/mesh-id", "no uuid");
        Open("orchard").SetPolicy(Bhoomi, JoinPolicy.Auto);
        Assert.Throws<EdgeException>(() => Open());
        _state.Put("meshes.json", $$"""{"version":1,"meshes":[{"meshId":"{{Bhoomi}}","joined":true}]}""");
        KnownMeshesFile node = Open();

        _state.Put("meshes.json", """{"version":1,"meshes":[]}""");
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(Bhoomi, node.MeshId);
        _state.Put("mesh/mesh-id", Own);
        Assert.Equal(Own, node.MeshId);
    }

    [Fact]
    public void A_wrong_policy_counts_as_never_and_only_the_first_joined_mesh_counts()
    {
        _state.Put("meshes.json", $$"""{"version":1,"meshes":[{"meshId":"{{Bhoomi}}","policy":"sometimes","joined":true},{"meshId":"{{Orchard}}","joined":true},{"meshId":"{{Orchard}}"},{"meshId":"bad"}]}""");
        KnownMeshesFile node = Open();

        Assert.Equal((Bhoomi, JoinPolicy.Never, 2, 4), (node.MeshId, node.PolicyOf(Bhoomi), node.Meshes.Count, node.Warnings.Count));
    }

    [Fact]
    public void A_flood_of_announcements_keeps_its_bound_and_takes_nothing_a_person_decided()
    {
        KnownMeshesFile node = Open("orchard");
        node.NoteName();
        node.SetPolicy(Bhoomi, JoinPolicy.Never);
        for (int i = 0; i < 1000; i++)
        {
            node.Met(Met(i));
            _time.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.Equal(KnownMeshesFile.MaxMet + 2, node.Meshes.Count);
        Assert.Equal((JoinPolicy.Never, "orchard"), (node.PolicyOf(Bhoomi), node.Meshes[0].Name));
        Assert.DoesNotContain(node.Meshes, m => m.MeshId == Met(0));
        Assert.Contains(node.Meshes, m => m.MeshId == Met(990));
    }

    [Fact]
    public void What_strangers_announce_is_written_once_in_five_minutes_and_a_known_mesh_once_an_hour()
    {
        KnownMeshesFile node = Open();
        int writes = 0;
        byte[] last = [];
        for (int second = 0; second < 3 * 3600; second++)
        {
            node.Met(Bhoomi);
            if (second is > 60 and < 1800) node.Met(Met(second));
            _time.Advance(TimeSpan.FromSeconds(1));
            byte[] now = File.ReadAllBytes(Path);
            if (now.AsSpan().SequenceEqual(last)) continue;
            (last, writes) = (now, writes + 1);
        }

        // Half an hour of new ones at every fifth minute; the rest of the three hours one an hour and each of its companions.
        Assert.InRange(writes, 5, 3 * 12);
        node.Met("x\u001b[2J");
        node.Met(new string('f', 5000));
        node.Met(Own);
        _time.Advance(TimeSpan.FromMinutes(6));
        node.Met(Orchard);
        Assert.DoesNotContain(node.Meshes, m => m.MeshId == Own || m.MeshId.Length > 64);
        Assert.Contains(node.Meshes, m => m.MeshId == Orchard);
    }

    [Fact]
    public void A_mesh_met_alone_is_noted_at_once_with_its_time()
    {
        KnownMeshesFile node = Open();
        node.Met(Bhoomi);

        string at = _time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        Assert.Equal(new KnownMesh(Bhoomi, null, null, at, at, Joined: false), Assert.Single(Open().Meshes));
    }

    [Fact]
    public void A_list_full_of_decisions_takes_no_more()
    {
        _state.Put("meshes.json", $$"""{"version":1,"meshes":[{{string.Join(",", Enumerable.Range(0, KnownMeshesFile.MaxEntries).Select(i => $$"""{"meshId":"{{Met(i)}}","policy":"ask"}"""))}}]}""");
        KnownMeshesFile node = Open();

        Assert.Equal("mesh.list_full", Assert.Throws<EdgeException>(() => node.SetPolicy(Bhoomi, JoinPolicy.Never)).Code);
        Assert.Equal("mesh.list_full", Assert.Throws<EdgeException>(() => node.Join(Bhoomi)).Code);
        node.Met(Bhoomi);
        Assert.Equal(KnownMeshesFile.MaxEntries, node.Meshes.Count);
        Assert.True(node.SetPolicy(Met(7), JoinPolicy.Never));
    }

    private static string Met(int i) => i.ToString("x64", CultureInfo.InvariantCulture);

    private KnownMeshesFile Open(string? name = null) => new(_state.Path, name, _time, () => Invented, () => _trust);
}
