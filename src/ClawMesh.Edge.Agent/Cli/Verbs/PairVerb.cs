using System.CommandLine;
using System.Text.Json;
using ClawMesh.Edge.Agent.Cli.Views;
using ClawMesh.Edge.Agent.LocalApi;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;

namespace ClawMesh.Edge.Agent.Cli.Verbs;

/// <summary>
/// <c>pair</c>: two people, or one with two terminals, let two nodes trust each other by comparing six digits ([X-52]). The node does it;
/// this asks the person. There is no way to run it without one ([X-54]).
/// </summary>
internal static class PairVerb
{
    public static Command Build(GlobalOptions global)
    {
        var accept = new Option<bool>("--accept") { Description = "Open a window, of 120 s unless set shorter, and wait for the other device." };
        var url = new Option<string?>("--url") { Description = "Begin with the device at this address: ws://HOST:PORT, or wss://HOST:PORT|FINGERPRINT.", HelpName = "URL" };
        var grant = new Option<string[]>("--grant") { Description = $"What the other device may do here, if it asks: {TrustVerb.GrantHelp}", HelpName = "TEXT" };
        var want = new Option<string[]>("--want") { Description = "What to ask for there, in the same words.", HelpName = "TEXT" };
        var command = new Command("pair", "Pair with another device by comparing six digits: --accept on one, `pair` on the other. Needs a person at a terminal on both.") { accept, url, grant, want };
        global.Report(command, async (context, parsed, cancellationToken) =>
        {
            const string What = "Pairing was not opened.";
            bool waits = parsed.GetValue(accept);
            string? address = parsed.GetValue(url);
            if (waits && address is not null) throw new EdgeException(ErrorCodes.Usage, What, "--accept waits and --url begins.", "Give one of the two; the other device does the other.", FailureClass.Config);
            PeerGrants offers = TrustVerb.Parsed(parsed.GetValue(grant) ?? [], PeerGrants.Default, What);
            PeerGrants wants = TrustVerb.Parsed(parsed.GetValue(want) ?? [], PeerGrants.Default, What);
            if (address is not null) PortClient.TargetOf(address, new NodeId(new string('0', NodeId.Length)));
            CheckTerminal(context);
            using LocalClient client = LocalClient.Connect(context.State);
            var talk = new PairingTalk(context, client);
            JsonElement paired = waits ? await talk.AcceptAsync(offers, wants, cancellationToken) : await talk.DialAsync(address, offers, wants, cancellationToken);
            return new JsonReport("pair", ReportStatus.Ok, paired, PairingView.RenderResult);
        });
        return command;
    }

    private static void CheckTerminal(CliContext context)
    {
        // With --json the questions are put on standard error, the report alone on standard output.
        string? redirected = Console.IsInputRedirected ? "standard input" : Console.IsOutputRedirected ? "standard output" : context.Json && Console.IsErrorRedirected ? "standard error" : null;
        if (redirected is null) return;
        throw new EdgeException(
            "pair.no_terminal", "Pairing was not opened.", $"A person confirms a pairing at a terminal, and {redirected} is none here.",
            "Run `clawmesh-edge pair` in a terminal without redirection; for provisioning without a person, `trust add` with the full device id.", FailureClass.Auth);
    }
}
