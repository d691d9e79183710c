using ClawMesh.Edge.Mesh.Pairing;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Mesh.Pairing;

/// <summary>An initiator and a responder on a manual clock, with a wire between them.</summary>
public abstract class PairingBench
{
    private protected PairingBench()
    {
        (I, R) = (new PairingEnd("i", Time), new PairingEnd("r", Time));
        Wire = new PairingWire(R);
    }

    private protected ManualTime Time { get; } = new();

    private protected PairingEnd I { get; }

    private protected PairingEnd R { get; }

    private protected PairingWire Wire { get; private set; }

    /// <summary>What the responder showed when the test last looked.</summary>
    private protected string Code { get; private set; } = "";

    private protected string Session => Wire.Seen[0].Result.Payload.GetProperty("sessionId").GetString()!;

    // A little more: timestamps are cut, not rounded.
    private protected void After(TimeSpan span) => Time.Advance(span + TimeSpan.FromMilliseconds(1));

    private protected void Show()
    {
        Wire = new PairingWire(R);
        R.Accept();
        I.Dial(Wire);
        Assert.Equal((PairingState.Showing, PairingState.Showing), (I.Status.State, R.Status.State));
        Code = R.Status.Code!;
    }

    private protected void Agree()
    {
        string code = R.Status.Code!;
        I.Confirm(code);
        R.Confirm();
    }

    private protected void Fail()
    {
        R.Accept();
        Assert.Equal("PAIRING_REJECTED", new PairingWire(R).Ask("pair.begin", "{}"));
    }

    private protected void Reach(string state)
    {
        if (state == "committed")
        {
            Wire.Hold = "pair.reveal";
            R.Accept();
            I.Dial(Wire);
            Assert.Equal((PairingState.Committed, PairingState.Committed), (I.Status.State, R.Status.State));
            return;
        }

        Show();
        if (state == "waiting at the initiator") I.Confirm(Code);
        if (state == "waiting at the responder") R.Confirm();
    }

    private protected void AssertNothing()
    {
        Assert.Equal((PairingState.Failed, PairingState.Failed), (I.Status.State, R.Status.State));
        Assert.Empty(I.Stored);
        Assert.Empty(R.Stored);
    }
}
