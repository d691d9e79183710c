using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Core.TestKit;

public sealed class InMemoryTrustStoreTests
{
    private static readonly NodeId Device = new(new string('a', 64));

    [Fact]
    public void It_behaves_as_the_file_does()
    {
        var store = new InMemoryTrustStore();
        store.Add(Device);
        Assert.True(store.Refresh());
        Assert.False(store.Refresh());

        store.Pin(Device, "k");
        store.Pin(Device, "k");
        store.NoteFeatures(Device, ["edge-sync"]);
        Assert.Equal(2, store.Writes);
        Assert.Equal("PUBLIC_KEY_MISMATCH", Assert.Throws<EdgeException>(() => store.Pin(Device, "other")).Code);

        store.FailWrites = true;
        Assert.Equal("storage.write_failed", Assert.Throws<EdgeException>(() => store.NoteFeatures(Device, [])).Code);
        Assert.Equal(["edge-sync"], store.Entries[Device.Value].Features);

        store.Problem = "damaged";
        Assert.Empty(store.Entries);
        Assert.True(store.Refresh());
        Assert.Equal("TRUST_STORE_UNREADABLE", Assert.Throws<EdgeException>(() => store.Pin(Device, "k")).Code);

        store.Problem = null;
        Assert.True(store.Remove(Device));
        Assert.Equal("trust.unknown_device", Assert.Throws<EdgeException>(() => store.Pin(Device, "k")).Code);
    }
}
