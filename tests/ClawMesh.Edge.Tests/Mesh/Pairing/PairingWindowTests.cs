using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Mesh.Pairing;

namespace ClawMesh.Edge.Tests.Mesh.Pairing;

/// <summary>Windows and delays ([X-53]), and what is stored when and where ([X-59]).</summary>
[Trait("spec", "X-60")]
public class PairingWindowTests : PairingBench
{
    [Fact]
    [Trait("spec", "X-53")]
    public void A_window_without_an_attempt_ends_after_120_s_and_delays_nothing()
    {
        R.Accept();
        Time.Advance(PairingDesk.LongestWindow - TimeSpan.FromMilliseconds(1));
        Assert.Equal(PairingState.Open, R.Status.State);
        Time.Advance(TimeSpan.FromMilliseconds(2));
        R.Desk.Tick();
        Assert.Equal((PairingState.Failed, "PAIRING_TIMEOUT"), (R.Status.State, R.Status.EndCode));
        Assert.Equal("PAIRING_NOT_ACTIVE", Wire.Ask("pair.begin", "{}"));
        R.Accept();
    }

    [Fact]
    [Trait("spec", "X-53")]
    public void Delays_double_from_60_to_900_s_and_are_forgotten_after_a_day()
    {
        foreach (int seconds in (int[])[60, 120, 240, 480, 900, 900])
        {
            Fail();
            Time.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(1));
            Assert.Contains("1 s", Assert.Throws<EdgeException>(() => R.Accept()).Why, StringComparison.Ordinal);
            Time.Advance(TimeSpan.FromMilliseconds(2));
        }

        Fail();
        After(TimeSpan.FromHours(24));
        Fail();
        After(TimeSpan.FromSeconds(60));
        Fail();
        After(TimeSpan.FromSeconds(60));
        Assert.Throws<EdgeException>(() => R.Accept());
    }

    [Fact]
    [Trait("spec", "X-53")]
    public void A_success_forgets_the_delays_of_both_ends()
    {
        Fail();
        After(TimeSpan.FromSeconds(60));
        Fail();
        After(TimeSpan.FromSeconds(120));
        Show();
        Agree();
        Fail();
        After(TimeSpan.FromSeconds(60));
        R.Accept();
    }

    [Fact]
    public void One_window_at_a_time()
    {
        R.Accept();
        Assert.Equal("pair.window_open", Assert.Throws<EdgeException>(() => R.Accept()).Code);
        Assert.Equal("pair.window_open", Assert.Throws<EdgeException>(() => R.Dial(new PairingWire(I))).Code);
    }

    [Fact]
    [Trait("spec", "X-59")]
    public void What_cannot_be_stored_is_no_pairing_at_that_end_and_the_other_learns_it()
    {
        R.FailStore = true;
        Show();
        Agree();
        Assert.Equal(("PAIRING_REJECTED", "PAIRING_REJECTED"), (I.Status.EndCode, R.Status.EndCode));
        Assert.Contains("The disk is full", R.Status.EndWhy, StringComparison.Ordinal);
        AssertNothing();
    }

    [Fact]
    public void A_store_that_trusts_nobody_opens_no_window()
    {
        R.Trust.Problem = "It is unreadable.";
        Assert.Equal("TRUST_STORE_UNREADABLE", Assert.Throws<EdgeException>(() => R.Accept()).Code);
    }

    [Fact]
    public void Nobody_at_the_address_is_said_with_its_own_code_and_delays_nothing()
    {
        I.Dial(null!);
        Assert.Equal((PairingState.Failed, "mesh.dial_failed"), (I.Status.State, I.Status.EndCode));
        Show();
    }

    [Fact]
    public void A_device_is_paired_again_when_only_one_end_kept_the_first_time()
    {
        Show();
        Agree();
        I.Trust.Remove(R.Signer.DeviceId);
        Show();
        Agree();
        Assert.Equal((2, 2), (I.Stored.Count, R.Stored.Count));
    }

    [Fact]
    [Trait("spec", "X-53")]
    public void A_connection_may_live_for_the_window_and_no_longer()
    {
        Assert.False(R.Desk.Holds(Wire));
        Show();
        Assert.True(R.Desk.Holds(Wire));
        Assert.False(R.Desk.Holds(new object()));
        R.Cancel();
        // Its other end is still told why, when it asks.
        Assert.True(R.Desk.Holds(Wire));
        After(PairingDesk.LongestWindow);
        Assert.False(R.Desk.Holds(Wire));
    }

    [Fact]
    public void A_fault_that_nobody_thought_of_ends_the_window_as_well()
    {
        R.StoreHasBug = true;
        Show();
        Agree();
        Assert.Equal(("PAIRING_REJECTED", "PAIRING_REJECTED"), (I.Status.EndCode, R.Status.EndCode));
        R.StoreHasBug = false;
        After(TimeSpan.FromSeconds(60));
        Show();
        Agree();
        Assert.False(R.Desk.Holds(Wire));
        Assert.Single(I.Stored);
    }
}
