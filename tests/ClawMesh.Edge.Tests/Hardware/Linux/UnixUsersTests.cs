using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Hardware.Linux;

public sealed class UnixUsersTests : IDisposable
{
    private readonly ScratchDirectory _root = new();
    private readonly UnixUsers _users;

    public UnixUsersTests()
    {
        _root.Put("etc/passwd", "root:x:0:0:root:/root:/bin/bash\n\n# comment\nanna:x:1000:1000::/home/anna:/bin/sh\nben:x:1001:990::/:/bin/false\nbroken:x\n+::::::\n");
        _root.Put("etc/group", "root:x:0:\nclawmesh-edge:x:990:carl, anna\nannabel:x:991:\nshort\n");
        _users = new UnixUsers(_root.Path);
    }

    [Fact]
    public void Names_come_from_passwd_and_group()
    {
        Assert.Equal("anna", _users.NameOf(1000));
        Assert.Null(_users.NameOf(4242));
        Assert.Equal("clawmesh-edge", _users.GroupNameOf(990));
    }

    [Theory]
    [InlineData(1000u, true)]
    [InlineData(1001u, true)]
    [InlineData(0u, false)]
    [InlineData(4242u, false)]
    public void Membership_counts_listed_members_and_primary_groups(uint userId, bool member) =>
        Assert.Equal(member, _users.IsInGroup(userId, "clawmesh-edge"));

    [Fact]
    public void A_prefix_of_a_name_is_not_the_name()
    {
        Assert.False(_users.IsInGroup(1000, "clawmesh"));
        Assert.False(_users.IsInGroup(1000, "annabel"));
    }

    [Fact]
    public void The_group_a_caller_connected_with_counts_even_for_an_unlisted_user()
    {
        Assert.True(_users.IsInGroup(new PeerCredentials(1, 4242, 990), "clawmesh-edge"));
        Assert.False(_users.IsInGroup(new PeerCredentials(1, 4242, 991), "clawmesh-edge"));
    }

    [Fact]
    public void Without_the_files_nobody_is_in_any_group()
    {
        var users = new UnixUsers(_root.At("empty"));

        Assert.Null(users.NameOf(0));
        Assert.False(users.IsInGroup(new PeerCredentials(1, 1000, 990), "clawmesh-edge"));
    }

    public void Dispose() => _root.Dispose();
}
