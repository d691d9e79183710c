using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Mesh.Origin;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Mesh.Origin;

/// <summary>Numbers and epochs of a node as an origin.</summary>
public class OwnFramesTests
{
    private static readonly Ed25519Signer Key = Ed25519Signer.FromSeed(new byte[32]);
    private static readonly byte[] Frame = """{"data":{}}"""u8.ToArray();

    private readonly ManualTime _time = new();
    private readonly InMemorySettings _disk = new();

    [Fact]
    [Trait("spec", "X-15")]
    public void No_number_is_used_twice_however_often_the_power_fails()
    {
        var chance = new Random(3);
        var used = new HashSet<(string, long)>();
        OwnFrames own = New();
        own.Begin(null);
        for (int life = 0; life < 50; life++)
        {
            for (int i = chance.Next(1, 2 * OwnFrames.Block); i > 0; i--)
            {
                Assert.NotNull(own.Sign(Frame, "mesh", out long number));
                Assert.True(used.Add((own.Epoch!, number)), $"number {number} again in life {life}");
            }

            // No goodbye.
            own = New();
            own.Reserve();
        }
    }

    [Fact]
    [Trait("spec", "X-15")]
    public async Task A_clean_stop_leaves_no_gap()
    {
        OwnFrames own = New();
        own.Begin(null);
        for (int i = 0; i < 5; i++) own.Sign(Frame, "mesh", out _);
        await own.StopAsync();
        Assert.Null(own.Sign(Frame, "mesh", out _));
        Assert.EndsWith(" 5", _disk.Get(OwnFrames.SettingKey), StringComparison.Ordinal);

        OwnFrames again = New();
        again.Reserve();
        Assert.Equal(own.Epoch, again.Epoch);
        again.Sign(Frame, "mesh", out long next);
        Assert.Equal(6, next);
    }

    [Fact]
    [Trait("spec", "X-14")]
    public void An_epoch_begins_with_the_time_and_lies_above_every_one_it_is_told_of()
    {
        OwnFrames own = New();
        own.Begin(null);
        Assert.Equal(_time.GetUtcNow().ToUnixTimeMilliseconds(), Convert.ToInt64(own.Epoch![..12], 16));
        string far = "02ffffffffff0000";
        own.Begin(far);
        Assert.True(string.CompareOrdinal(own.Epoch, far) > 0);
    }

    [Fact]
    [Trait("spec", "X-81")]
    public void Without_a_disk_an_epoch_of_this_process_goes_on_and_numbers_of_the_one_on_disk_are_left_alone()
    {
        OwnFrames own = New();
        own.Begin(null);
        string onDisk = own.Epoch!;
        for (int i = 0; i < 10; i++) own.Sign(Frame, "mesh", out _);
        _disk.Unavailable = true;
        long last = 0;
        var numbers = new HashSet<(string, long)>();
        for (int i = 0; i < 3 * OwnFrames.Block; i++)
        {
            byte[] signed = own.Sign(Frame, "mesh", out long number)!;
            using var frame = System.Text.Json.JsonDocument.Parse(signed);
            string epoch = frame.RootElement.GetProperty("epoch").GetString()!;
            if (epoch == onDisk) last = number;
            Assert.True(numbers.Add((epoch, number)), $"number {number} of {epoch} twice");
        }

        Assert.Equal(OwnFrames.Block, last);
        Assert.True(own.InMemory);
        Assert.True(string.CompareOrdinal(own.Epoch, onDisk) > 0);
    }

    private OwnFrames New() => new(Key, _time, _disk, () => [0xab, 0xcd]);
}
