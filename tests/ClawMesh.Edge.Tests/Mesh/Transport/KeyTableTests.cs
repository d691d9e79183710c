using ClawMesh.Edge.Mesh.Transport;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Mesh.Transport;

public class KeyTableTests
{
    private readonly ManualTime _time = new();

    [Fact]
    [Trait("spec", "X-75")]
    public void Keys_once_sent_are_remembered_within_the_same_bound_and_the_one_idle_longest_is_forgotten()
    {
        var table = new KeyTable(_time, maxKeys: 3, TimeSpan.FromSeconds(100));
        for (int i = 0; i < 10; i++) Send(table, $"{i}");

        Assert.Equal(3, table.Known);
        Assert.True(IsReady(table, "6"));
        Assert.False(IsReady(table, "9"));
    }

    [Fact]
    public void What_need_not_be_remembered_leaves_nothing_behind()
    {
        var table = new KeyTable(_time, maxKeys: 3, TimeSpan.Zero);

        table.Leave(table.Enter("a", _time.GetTimestamp()), remember: false);
        Send(table, "b");
        table.ForgetIdle();

        Assert.Equal(0, table.Known);
    }

    private void Send(KeyTable table, string key)
    {
        SendSlot slot = table.Enter(key, _time.GetTimestamp());
        slot.SentAt = _time.GetTimestamp();
        table.Leave(slot, remember: true);
        _time.Advance(TimeSpan.FromSeconds(1));
    }

    private bool IsReady(KeyTable table, string key)
    {
        SendSlot slot = table.Enter(key, _time.GetTimestamp());
        bool ready = table.FirstReady(Pace.Classic, _time.GetTimestamp(), out _) == slot;
        table.Leave(slot, remember: true);
        return ready;
    }
}
