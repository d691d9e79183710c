using System.Globalization;
using System.Text.Json;
using ClawMesh.Edge.Agent.Cli.Views;
using ClawMesh.Edge.Agent.LocalApi;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Mesh.Pairing;
using Spectre.Console;

namespace ClawMesh.Edge.Agent.Cli.Verbs;

/// <summary>The conversation of <c>pair</c> between a person and the node. What is not a clear yes is a no.</summary>
internal sealed class PairingTalk(CliContext context, LocalClient client)
{
    private const int Tries = 3;

    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan SearchLimit = TimeSpan.FromSeconds(60);

    private bool _opened;

    /// <exception cref="EdgeException">It ended without trust.</exception>
    public async Task<JsonElement> AcceptAsync(PeerGrants offers, PeerGrants wants, CancellationToken cancellationToken)
    {
        JsonElement opened = await OpenAsync("accept", offers, wants, null, null, cancellationToken);
        Say($"Pairing is open for {(opened.GetProperty("leftMs").GetInt64() + 500) / 1000} s. At the other device: `clawmesh-edge pair`, or `clawmesh-edge pair --url ws://ADDRESS-OF-THIS-NODE:PORT`.");
        JsonElement status = await UntilAsync("showing", cancellationToken);
        PairingView.RenderOther(context.Console, status);
        Say($"Type this code at the other device:   {status.Text("code")}");
        string answer = await AskAsync("Does the other device say that the codes are equal? [y/N, d: they differ] ", cancellationToken);
        if (IsYes(answer) && await AgreesToWideAsync(status, cancellationToken)) return await ConfirmAsync(status, null, cancellationToken);
        return await CancelAsync(differ: answer is "d" or "differ", cancellationToken);
    }

    /// <inheritdoc cref="AcceptAsync"/>
    public async Task<JsonElement> DialAsync(string? url, PeerGrants offers, PeerGrants wants, CancellationToken cancellationToken)
    {
        string? device = null;
        if (url is null) (url, device) = await ChooseAsync(cancellationToken);
        await OpenAsync("dial", offers, wants, url, device, cancellationToken);
        JsonElement status = await UntilAsync("showing", cancellationToken);
        PairingView.RenderOther(context.Console, status);
        for (int i = 0; i < Tries; i++)
        {
            string typed = (await AskAsync("Type the six digits that the other device shows (nothing: cancel): ", cancellationToken)).Replace(" ", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal);
            if (typed.Length == 0) break;
            if (typed.Length == 6 && !typed.AsSpan().ContainsAnyExceptInRange('0', '9'))
                return await AgreesToWideAsync(status, cancellationToken) ? await ConfirmAsync(status, typed, cancellationToken) : await CancelAsync(differ: false, cancellationToken);
            Say("That is not six digits.");
        }

        return await CancelAsync(differ: false, cancellationToken);
    }

    private async Task<(string Url, string Device)> ChooseAsync(CancellationToken cancellationToken)
    {
        long began = context.Time.GetTimestamp();
        bool said = false;
        while (context.Time.GetElapsedTime(began) < SearchLimit)
        {
            JsonElement found = await client.CallAsync("edge.pair", w => w.WriteString("op", "found"), CallLimit, cancellationToken);
            if (!found.Flag("looks")) throw Nothing("This node does not look for others: discovery is off.");
            List<JsonElement> devices = [.. found.Items("devices")];
            if (devices.Count > 0) return await ChosenAsync(devices, cancellationToken);
            if (!said) Say("Looking for devices that pair; run `clawmesh-edge pair --accept` at the other one.");
            said = true;
            await Task.Delay(Look * 5, context.Time, cancellationToken);
        }

        throw Nothing($"No device on the local network announced pairing within {SearchLimit.TotalSeconds:0} s.");
    }

    private async Task<(string Url, string Device)> ChosenAsync(List<JsonElement> devices, CancellationToken cancellationToken)
    {
        for (int i = 0; i < devices.Count; i++)
            Say($"{i + 1}  {devices[i].Text("name")}  {devices[i].Text("deviceId")[..12]}…  {devices[i].Text("url")}");
        int chosen = 1;
        if (devices.Count > 1)
        {
            string answer = await AskAsync("Which one? Its number: ", cancellationToken);
            if (!int.TryParse(answer, NumberStyles.None, CultureInfo.InvariantCulture, out chosen) || chosen < 1 || chosen > devices.Count)
                throw new EdgeException(ErrorCodes.Usage, "Pairing was not opened.", $"'{answer}' is no number of the list.", "Run `clawmesh-edge pair` again.", FailureClass.Config);
        }

        return (devices[chosen - 1].Text("url"), devices[chosen - 1].Text("deviceId"));
    }

    private async Task<JsonElement> OpenAsync(string op, PeerGrants offers, PeerGrants wants, string? url, string? device, CancellationToken cancellationToken)
    {
        JsonElement opened = await client.CallAsync(
            "edge.pair",
            w =>
            {
                w.WriteString("op", op);
                if (url is not null) w.WriteString("url", url);
                if (device is not null) w.WriteString("device", device);
                w.WritePropertyName("offers");
                GrantText.WriteJson(w, offers);
                w.WritePropertyName("wants");
                GrantText.WriteJson(w, wants);
            },
            CallLimit, cancellationToken);
        _opened = true;
        return opened;
    }

    private async Task<bool> AgreesToWideAsync(JsonElement status, CancellationToken cancellationToken) =>
        !status.Flag("wide") || IsYes(await AskAsync("The other device will be allowed more than single outputs, as the lines marked ! above say. Is that meant? [y/N] ", cancellationToken));

    private async Task<JsonElement> ConfirmAsync(JsonElement shown, string? typed, CancellationToken cancellationToken)
    {
        JsonElement status = await client.CallAsync(
            "edge.pair",
            w =>
            {
                w.WriteString("op", "confirm");
                if (typed is not null) w.WriteString("code", typed);
                w.WriteBoolean("wide", shown.Flag("wide"));
            },
            CallLimit, cancellationToken);
        if (typed is not null && status.Text("state") != "failed") Say("The codes are equal. Answer yes at the other device.");
        else if (status.Text("state") == "waiting") Say("Waiting for the other device.");
        return await UntilAsync("stored", cancellationToken);
    }

    private async Task<JsonElement> CancelAsync(bool differ, CancellationToken cancellationToken)
    {
        JsonElement status = await client.CallAsync(
            "edge.pair",
            w =>
            {
                w.WriteString("op", "cancel");
                w.WriteBoolean("differ", differ);
            },
            CallLimit, cancellationToken);
        throw Ended(status);
    }

    // The window at the node bounds it.
    private async Task<JsonElement> UntilAsync(string state, CancellationToken cancellationToken)
    {
        while (true)
        {
            JsonElement status = await StatusAsync(cancellationToken);
            if (status.Text("state") == state) return status;
            await Task.Delay(Look, context.Time, cancellationToken);
        }
    }

    private async Task<JsonElement> StatusAsync(CancellationToken cancellationToken)
    {
        JsonElement status = await client.CallAsync("edge.pair", w => w.WriteString("op", "status"), CallLimit, cancellationToken);
        return status.Text("state") is "failed" or "closed" ? throw Ended(status) : status;
    }

    private async Task<string> AskAsync(string question, CancellationToken cancellationToken)
    {
        // What was typed before the question was read is no answer to it.
        while (Console.KeyAvailable) Console.ReadKey(intercept: true);
        context.Console.Write(new Text(question));
        Task<string?> line = Task.Run(Console.In.ReadLine, CancellationToken.None);
        while (!line.IsCompleted)
        {
            await Task.WhenAny(line, Task.Delay(Look, context.Time, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
            if (!line.IsCompleted && _opened) await LookAsync(cancellationToken);
        }

        return (await line ?? "").Trim().ToLowerInvariant();
    }

    // The other end may have ended it while the person here still reads.
    private async Task LookAsync(CancellationToken cancellationToken)
    {
        try
        {
            await StatusAsync(cancellationToken);
        }
        catch (EdgeException)
        {
            context.Console.WriteLine();
            throw;
        }
    }

    private static bool IsYes(string answer) => answer is "y" or "yes";

    private void Say(string text) => context.Console.Write(new Text(text + "\n"));

    private static EdgeException Nothing(string why) => new(
        "pair.nothing_found", "There is no device to pair with.", why,
        "Run `clawmesh-edge pair --accept` at the other device, or name its address: `clawmesh-edge pair --url ws://HOST:PORT`.", FailureClass.MeshPartition);

    private static EdgeException Ended(JsonElement status)
    {
        string code = status.Text("endCode");
        if (code.Length == 0) code = PairingErrorCodes.NotActive;
        string why = status.Text("endWhy");
        return new EdgeException(
            code, code == PairingErrorCodes.SasMismatch ? "WARNING: the two devices show different codes. Nothing was stored." : "The devices are not paired; nothing was stored here.",
            why.Length == 0 ? "The pairing has ended." : $"{char.ToUpperInvariant(why[0])}{why[1..]}.",
            code switch
            {
                PairingErrorCodes.SasMismatch => "Unless a digit was mistyped, somebody sits between the devices: use another network, or compare fingerprints (`identity`) and `trust add`.",
                PairingErrorCodes.CommitmentMismatch => "Somebody may sit between the devices, or the other one is faulty: use another network, or compare fingerprints (`identity`) and `trust add`.",
                PairingErrorCodes.NotActive => "Run `clawmesh-edge pair --accept` at the other device first, and this while its window is open (`edge.pairing.windowSec` there).",
                PairingErrorCodes.Timeout or PairingErrorCodes.Rejected => "Run `clawmesh-edge pair` again at both devices; after a failed attempt it may have to wait.",
                _ => "Check address and port, and that the node there runs.",
            },
            FailureClass.Auth);
    }
}
