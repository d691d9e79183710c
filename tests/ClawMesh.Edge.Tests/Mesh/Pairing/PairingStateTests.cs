using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Mesh.Pairing;

namespace ClawMesh.Edge.Tests.Mesh.Pairing;

/// <summary>The machine of at both ends.</summary>
[Trait("spec", "X-60")]
[Trait("spec", "X-63")]
public class PairingStateTests : PairingBench
{
    [Fact]
    [Trait("spec", "X-52")]
    [Trait("spec", "X-54")]
    [Trait("spec", "X-62")]
    public void Two_people_agree_and_each_end_stores_what_both_messages_allow()
    {
        R.Accept(PeerGrants.Default with { Command = ["actuator:valve:V1", "actuator:valve:V2"] }, PeerGrants.Default with { Sync = false });
        I.Dial(Wire, PeerGrants.Default with { Relay = false }, PeerGrants.Default with { Command = ["actuator:valve:V1"] });

        Assert.Equal((PairingState.Showing, PairingState.Showing), (I.Status.State, R.Status.State));
        // The initiator's person types what the other end shows; its own end does not tell it.
        Assert.Null(I.Status.Code);
        Assert.Equal("i", R.Status.Other!.DisplayName);
        Assert.Equal(["actuator:valve:V1"], R.Status.Gives!.Command);
        Assert.Equal(["actuator:valve:V1"], I.Status.Gets!.Command);

        I.Confirm(R.Status.Code);
        Assert.Equal((PairingState.Waiting, PairingState.Showing), (I.Status.State, R.Status.State));
        Assert.Empty(I.Stored);
        Assert.Empty(R.Stored);

        R.Confirm();
        Assert.Equal((PairingState.Stored, PairingState.Stored), (I.Status.State, R.Status.State));
        PairedDevice atR = Assert.Single(R.Stored), atI = Assert.Single(I.Stored);
        Assert.Equal((I.Signer.DeviceId, I.PublicKey, "i", "operator:test"), (atR.DeviceId, atR.PublicKey, atR.DisplayName, atR.By));
        Assert.Equal((R.Signer.DeviceId, R.PublicKey), (atI.DeviceId, atI.PublicKey));
        Assert.Equal(["actuator:valve:V1"], atR.Grants.Command);
        Assert.Empty(atI.Grants.Command);
        Assert.Equal((true, false, false), (atI.Grants.Gossip, atI.Grants.Relay, atI.Grants.Sync));
        Assert.Empty(I.Warnings);
        Assert.Empty(R.Warnings);
        Assert.Contains(R.Events.Newest(10, e => e.Type == EventTypes.Operator), e => e.Message.Contains("paired with i", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("spec", "X-59")]
    public void The_responders_person_may_agree_before_the_initiators_signature_is_there()
    {
        Show();
        string code = R.Status.Code!;
        R.Confirm();
        Assert.Equal(PairingState.Waiting, R.Status.State);
        Assert.Empty(R.Stored);
        I.Confirm(code);
        Assert.Equal((PairingState.Stored, PairingState.Stored), (I.Status.State, R.Status.State));
    }

    [Fact]
    [Trait("spec", "X-53")]
    [Trait("spec", "X-69")]
    public void Outside_of_a_window_every_method_says_that_none_is_open()
    {
        foreach (string method in (string[])["pair.begin", "pair.reveal", "pair.confirm", "pair.cancel"]) Assert.Equal("PAIRING_NOT_ACTIVE", Wire.Ask(method, "{}"));
        // A window in which this end dials is not one in which others begin.
        I.Dial(new PairingWire(R) { Hold = "pair.begin" });
        Assert.Equal(PairingState.Open, I.Status.State);
        Assert.Equal("PAIRING_NOT_ACTIVE", new PairingWire(I).Ask("pair.begin", "{}"));
    }

    [Fact]
    [Trait("spec", "X-53")]
    public void The_first_begin_uses_the_window_up_and_a_second_from_elsewhere_does_not_disturb_it()
    {
        Show();
        var stranger = new PairingWire(R);
        Assert.Equal("PAIRING_NOT_ACTIVE", stranger.Ask("pair.begin", "{}"));
        Assert.Equal("PAIRING_NOT_ACTIVE", stranger.Ask("pair.reveal", $$"""{"sessionId":"{{Session}}","nonce":"x"}"""));
        Assert.Equal("PAIRING_NOT_ACTIVE", stranger.Ask("pair.confirm", $$"""{"sessionId":"{{Session}}","sig":"x"}"""));
        Assert.Equal("PAIRING_NOT_ACTIVE", stranger.Ask("pair.cancel", $$"""{"sessionId":"{{Session}}","code":"PAIRING_REJECTED"}"""));
        Agree();
        Assert.Single(R.Stored);
        // And used up it is also by success.
        Assert.Equal("PAIRING_NOT_ACTIVE", new PairingWire(R).Ask("pair.begin", "{}"));
    }

    [Fact]
    [Trait("spec", "X-53")]
    public void A_begin_that_fails_uses_the_window_up_as_well()
    {
        R.Accept();
        Assert.Equal("PAIRING_REJECTED", new PairingWire(R).Ask("pair.begin", "{}"));
        I.Dial(Wire);
        Assert.Equal((PairingState.Failed, "PAIRING_NOT_ACTIVE"), (I.Status.State, I.Status.EndCode));
        Assert.Equal("pair.delayed", Assert.Throws<EdgeException>(() => R.Accept()).Code);
        // Where nothing was committed nothing is delayed.
        I.Dial(Wire);
    }

    [Theory]
    [InlineData("pair.begin", "PAIRING_REJECTED")]
    [InlineData("pair.reveal", "PAIRING_REJECTED")]
    [Trait("spec", "X-57")]
    public void A_second_message_of_the_same_kind_ends_the_attempt(string method, string code)
    {
        Show();
        Assert.Equal(code, Wire.Ask(method, $$"""{"sessionId":"{{Session}}"}"""));
        Assert.Equal((PairingState.Failed, code), (R.Status.State, R.Status.EndCode));
    }

    [Fact]
    [Trait("spec", "X-57")]
    public void A_second_confirmation_ends_the_attempt()
    {
        Show();
        string code = R.Status.Code!;
        I.Confirm(code);
        Assert.Equal("PAIRING_REJECTED", Wire.Ask("pair.confirm", $$"""{"sessionId":"{{Session}}","sig":"x"}"""));
        Assert.Equal((PairingState.Failed, PairingState.Failed), (I.Status.State, R.Status.State));
        Assert.Empty(I.Stored);
    }

    [Fact]
    public void Confirmation_before_the_nonces_and_another_session_end_the_attempt()
    {
        R.Accept();
        I.Line = Wire;
        Wire.Request = (method, p) => method == "pair.reveal" ? PairingWire.With(p, "sessionId", "\"AAECAwQFBgcICQoLDA0ODw\"") : p;
        I.Dial(Wire);
        Assert.Equal(("PAIRING_REJECTED", "PAIRING_REJECTED"), (I.Status.EndCode, R.Status.EndCode));

        var (a, b) = (new PairingEnd("a", Time), new PairingEnd("b", Time));
        b.Accept();
        var wire = new PairingWire(b);
        wire.Answer = (method, p) =>
        {
            if (method == "pair.begin") Assert.Equal("PAIRING_REJECTED", wire.Ask("pair.confirm", $$"""{"sessionId":"{{p.GetProperty("sessionId").GetString()}}","sig":"x"}"""));
            return p;
        };
        a.Dial(wire);
        Assert.Equal(("PAIRING_REJECTED", "PAIRING_REJECTED"), (a.Status.EndCode, b.Status.EndCode));
    }

    [Theory]
    [InlineData("committed")]
    [InlineData("showing")]
    [InlineData("waiting at the initiator")]
    [InlineData("waiting at the responder")]
    [Trait("spec", "X-53")]
    public void The_end_of_the_window_ends_an_attempt_wherever_it_stands(string state)
    {
        Reach(state);
        After(PairingDesk.LongestWindow);
        I.Desk.Tick();
        R.Desk.Tick();
        Assert.Equal(("PAIRING_TIMEOUT", "PAIRING_TIMEOUT"), (I.Status.EndCode, R.Status.EndCode));
        AssertNothing();
        Assert.Equal("pair.delayed", Assert.Throws<EdgeException>(() => R.Accept()).Code);
    }

    [Theory]
    [InlineData("committed")]
    [InlineData("showing")]
    [InlineData("waiting at the initiator")]
    [InlineData("waiting at the responder")]
    public void The_end_of_the_connection_ends_an_attempt_wherever_it_stands(string state)
    {
        Reach(state);
        Wire.Break();
        Assert.Equal(("PAIRING_TIMEOUT", "PAIRING_TIMEOUT"), (I.Status.EndCode, R.Status.EndCode));
        AssertNothing();
    }

    [Theory]
    [InlineData("showing", true, false, "PAIRING_REJECTED")]
    [InlineData("showing", false, false, "PAIRING_REJECTED")]
    [InlineData("showing", true, true, "PAIRING_SAS_MISMATCH")]
    [InlineData("waiting at the initiator", true, false, "PAIRING_REJECTED")]
    [InlineData("waiting at the initiator", false, false, "PAIRING_REJECTED")]
    [InlineData("waiting at the initiator", false, true, "PAIRING_SAS_MISMATCH")]
    [InlineData("waiting at the responder", true, false, "PAIRING_REJECTED")]
    [InlineData("waiting at the responder", false, false, "PAIRING_REJECTED")]
    public void A_person_who_says_no_ends_it_at_both_ends(string state, bool atInitiator, bool differ, string code)
    {
        Reach(state);
        (atInitiator ? I : R).Cancel(differ);
        Assert.Equal(code, (atInitiator ? I : R).Status.EndCode);
        // At the initiator it is learned with the next message, which follows its person's word.
        if (I.Status.State == PairingState.Showing) I.Confirm(Code);
        Assert.Equal((code, code), (I.Status.EndCode, R.Status.EndCode));
        AssertNothing();
        Assert.NotEmpty(I.Warnings);
        Assert.NotEmpty(R.Warnings);
    }

    [Fact]
    public void An_attempt_that_no_message_was_sent_in_yet_can_be_cancelled()
    {
        R.Accept();
        R.Cancel();
        Assert.Equal((PairingState.Failed, "PAIRING_REJECTED"), (R.Status.State, R.Status.EndCode));
        R.Accept();
    }

    [Fact]
    [Trait("spec", "X-54")]
    public void A_code_that_is_not_the_other_ends_ends_it_and_both_ends_warn()
    {
        Show();
        string code = R.Status.Code!;
        I.Confirm(code[..5] + (code[5] == '0' ? '1' : '0'));
        Assert.Equal(("PAIRING_SAS_MISMATCH", "PAIRING_SAS_MISMATCH"), (I.Status.EndCode, R.Status.EndCode));
        AssertNothing();
        foreach (PairingEnd end in (PairingEnd[])[I, R]) Assert.Contains("somebody may sit between", Assert.Single(end.Warnings).Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("spec", "X-54")]
    public void Only_the_connection_that_opened_a_window_confirms_it_and_only_while_a_code_is_shown()
    {
        R.Accept();
        Assert.Throws<EdgeException>(() => R.Confirm());
        I.Dial(Wire);
        object other = new();
        Assert.Equal("PAIRING_NOT_ACTIVE", Assert.Throws<EdgeException>(() => R.Desk.ConfirmAsync(other, null, true).GetAwaiter().GetResult()).Code);
        R.Desk.Cancel(other, codesDiffer: true);
        // Without the digits of the other end the initiator's person has said nothing.
        Assert.Equal("INVALID_PARAMS", Assert.Throws<EdgeException>(() => I.Confirm(null)).Code);
        Assert.Equal((PairingState.Showing, PairingState.Showing), (I.Status.State, R.Status.State));
        Agree();
        Assert.Single(R.Stored);
    }

    // The node's stop awaits the desk's, and outputs are made safe after it.
    [Fact]
    public async Task A_fault_that_nobody_thought_of_ends_the_attempt_and_not_the_stop_of_the_node()
    {
        var end = new PairingEnd("x", Time, mesh: "a mesh id that steers \u001b a terminal");
        R.Accept();
        end.Dial(Wire);

        Assert.Equal((PairingState.Failed, "PAIRING_REJECTED"), (end.Status.State, end.Status.EndCode));
        EdgeEvent told = Assert.Single(end.Events.Newest(10, e => e.Type == EventTypes.Error));
        Assert.Equal((EventSeverity.Error, "pairing"), (told.Severity, told.Subject));
        Assert.Contains("InvalidOperationException: meshId is malformed", told.Message, StringComparison.Ordinal);
        await end.Desk.StopAsync();
        // Nothing was committed, so the next attempt need not wait.
        end.Accept();
        await end.Desk.StopAsync();
    }

    [Theory]
    [InlineData(true, "actuator:valve:V1")]
    [InlineData(false, "actuator:valve:*")]
    [Trait("spec", "X-62")]
    public void Approvals_and_patterns_need_a_second_yes(bool approve, string command)
    {
        PeerGrants wide = PeerGrants.Default with { Approve = approve, Command = [command] };
        R.Accept(offers: wide);
        I.Dial(Wire, wants: wide);
        Assert.Equal((false, true), (I.Status.IsWide, R.Status.IsWide));
        Assert.Equal("INVALID_PARAMS", Assert.Throws<EdgeException>(() => R.Confirm()).Code);
        Assert.Equal(PairingState.Showing, R.Status.State);
        string code = R.Status.Code!;
        R.Confirm(wide: true);
        I.Confirm(code);
        Assert.Equal(approve, Assert.Single(R.Stored).Grants.Approve);
        Assert.False(Assert.Single(I.Stored).Grants.Approve);
    }
}
