using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ClawMesh.Edge.Agent.Cli.Views;
using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Identity;
using Spectre.Console;

namespace ClawMesh.Edge.Agent.Cli.Verbs;

/// <summary><c>identity</c>: who this node is. Makes the key when there is none, as the first start would: provisioning asks for the id before the first run.</summary>
internal static class IdentityVerb
{
    public static Command Build(GlobalOptions global)
    {
        var command = new Command("identity", "The device id of this node. Creates the identity when there is none yet, as the first start would.");
        var tls = new Option<bool>("--tls") { Description = "Also the TLS certificate of the mesh port and the fingerprint peers pin; makes it when there is none yet." };
        command.Options.Add(tls);
        global.Report(command, (context, parsed, _) =>
        {
            StateDirectory state = context.State;
            if (!File.Exists(Path.Combine(state.Path, DeviceIdentity.RelativePath))) StateOwner.CheckMayWrite(state, "Could not create the identity.");
            using DeviceIdentity identity = DeviceIdentity.LoadOrCreate(state.Path, context.Time);
            var warnings = new List<string>(identity.Warnings);
            if (identity.Correction is { } correction) warnings.Insert(0, correction);
            TlsFacts? certificate = parsed.GetValue(tls) ? Certificate(state, identity, context.Time, warnings) : null;
            string? meshId = MeshId(state, context.Time, warnings);
            return Task.FromResult<IReport>(new IdentityReport(
                identity.DeviceId.Value, identity.PublicKeyText, identity.FilePath, identity.Created, identity.CreatedAtMs, meshId, certificate, warnings));
        });
        return command;
    }

    private static TlsFacts Certificate(StateDirectory state, DeviceIdentity identity, TimeProvider time, List<string> warnings)
    {
        if (!File.Exists(Path.Combine(state.Path, NodeCertificate.RelativePath))) StateOwner.CheckMayWrite(state, "Could not create the TLS certificate.");
        using NodeCertificate certificate = NodeCertificate.LoadOrCreate(state.Path, identity.DeviceId.Abbreviated, time);
        if (certificate.Warning is { } warning) warnings.Add(warning);
        return new TlsFacts(certificate.FilePath, certificate.FingerprintHex, certificate.Created);
    }

    // Known once the mesh has a name or the node has run; asking does not invent one.
    private static string? MeshId(StateDirectory state, TimeProvider time, List<string> warnings)
    {
        try
        {
            var meshes = new KnownMeshesFile(state.Path, NodeConfig.Load(state, new Dictionary<string, (string, JsonElement)>()).Text(ConfigKeys.MeshName), time);
            if (meshes.Problem is { } unusable) warnings.Add(unusable);
            return meshes.OwnMeshId;
        }
        catch (EdgeException unknown)
        {
            warnings.Add($"The mesh id is not known: {unknown.What} {unknown.Why} {unknown.Fix}");
            return null;
        }
    }

    private sealed record TlsFacts(string Path, string Fingerprint, bool Created);

    private sealed record IdentityReport(
        string DeviceId, string PublicKey, string File, bool Created, long CreatedAtMs, string? MeshId, TlsFacts? Tls, IReadOnlyList<string> Warnings) : IReport
    {
        public string Kind => "identity";

        public ReportStatus Status => Warnings.Count > 0 ? ReportStatus.Warn : ReportStatus.Ok;

        public void WriteData(Utf8JsonWriter writer)
        {
            writer.WriteStartObject();
            writer.WriteString("deviceId", DeviceId);
            writer.WriteString("fingerprintShown", PairingView.Groups(DeviceId));
            writer.WriteString("publicKey", PublicKey);
            writer.WriteString("file", File);
            writer.WriteBoolean("created", Created);
            if (CreatedAtMs > 0) writer.WriteString("createdAt", CreatedAt);
            if (MeshId is not null) writer.WriteString("meshId", MeshId);
            if (Tls is not null)
            {
                writer.WriteStartObject("tls");
                writer.WriteString("path", Tls.Path);
                writer.WriteString("fingerprint", Tls.Fingerprint);
                writer.WriteBoolean("created", Tls.Created);
                writer.WriteEndObject();
            }

            writer.WriteStartArray("warnings");
            foreach (string warning in Warnings) writer.WriteStringValue(warning);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        public void Render(IAnsiConsole console)
        {
            console.Write(Facts.Grid(
                ("device id", DeviceId), ("to compare", PairingView.Groups(DeviceId)), ("public key", PublicKey), ("file", File),
                ("created", CreatedAtMs > 0 ? $"{CreatedAt}{(Created ? ", just now" : "")}" : ""), ("mesh id", MeshId ?? ""),
                ("certificate", Tls is null ? "" : $"{Tls.Path}{(Tls.Created ? ", just made" : "")}"), ("fingerprint", Tls?.Fingerprint ?? "")));
            foreach (string warning in Warnings) console.MarkupLine($"[yellow]warning[/] {Markup.Escape(warning)}");
        }

        // A file may hold any number; one that is no date is shown as it stands.
        private string CreatedAt =>
            CreatedAtMs <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
                ? DateTimeOffset.FromUnixTimeMilliseconds(CreatedAtMs).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)
                : CreatedAtMs.ToString(CultureInfo.InvariantCulture);
    }
}
