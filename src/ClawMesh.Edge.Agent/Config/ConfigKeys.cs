using System.Globalization;
using System.Net;
using System.Text.Json;
using ClawMesh.Edge.Agent.Llm;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Inference.Onnx;
using ClawMesh.Edge.Mesh.Peers;
using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.Agent.Config;

internal enum ConfigKind
{
    Text,
    Number,
    Flag,
    TextList,
}

/// <summary>One key of <c>node.json</c>.</summary>
/// <param name="Key">Dotted; nested objects in the file.</param>
/// <param name="Default">As JSON text; empty means no default.</param>
/// <param name="Allowed">What is allowed, in words for errors and for the documentation.</param>
/// <param name="Problem">Null when the value is fine, otherwise what is wrong with it.</param>
internal sealed record ConfigKey(string Key, ConfigKind Kind, string Default, string Allowed, string Meaning, Func<JsonElement, string?> Problem);

/// <summary>Every key this node understands. <c>docs/configuration.md</c> is generated from this table and a test compares them.</summary>
internal static class ConfigKeys
{
    public const string Name = "name";
    public const string Role = "role";
    public const string Host = "host";
    public const string Port = "port";
    public const string MeshName = "meshName";
    public const string Discovery = "discovery";
    public const string Capabilities = "capabilities";
    public const string StaticPeers = "staticPeers";
    public const string StrictTransport = "strictTransport";
    public const string Site = "site";
    public const string CommandFreshnessMs = "edge.command.freshnessMs";
    public const string ReplayHours = "edge.command.replayHours";
    public const string PingAfterMs = "edge.liveness.pingAfterMs";
    public const string DownAfterMs = "edge.liveness.downAfterMs";
    public const string PairingWindowSec = "edge.pairing.windowSec";
    public const string ClassicPerMinute = "edge.pacing.classicPerMinute";
    public const string RequireSignature = "edge.command.requireSignature";
    public const string SafetyTickMs = "edge.safetyTickMs";
    public const string ReportIntervalMs = "edge.reportIntervalMs";
    public const string RetentionFrames = "edge.retention.frames";
    public const string RetentionMegabytes = "edge.retention.megabytes";
    public const string RetentionSignedDays = "edge.retention.signedDays";
    public const string RetentionClassicHours = "edge.retention.classicHours";
    public const string RetentionSafetyDays = "edge.retention.safetyDays";
    public const string SignFrames = "edge.signFrames";
    public const string AcceptUnsigned = "edge.acceptUnsigned";
    public const string SyncIntervalSec = "edge.syncIntervalSec";
    public const string InboundPerSecond = "edge.limits.messagesPerSecond";
    public const string InboundBurst = "edge.limits.burst";
    public const string RecorderMegabytes = "edge.recorder.megabytes";
    public const string WatchdogDevice = "edge.watchdog.device";
    public const string WatchdogTimeoutMs = "edge.watchdog.timeoutMs";
    public const string WatchdogWithhold = "edge.watchdog.withholdWhenBusBlocked";
    public const string UpdateHealthySec = "edge.update.healthySec";
    public const string UpdateDeadlineSec = "edge.update.deadlineSec";
    public const string UtcOffset = "world.utcOffset";
    public const string TlsListen = "tls.listen";
    public const string PlannerGoals = "planner.goals";
    public const string LoopbackReadOnly = "operator.loopbackReadOnly";
    public const string AllowedOrigins = "operator.allowedOrigins";
    public const string ModelsOnnxRuntime = "models.onnxRuntime";
    public const string ModelsProvider = "models.provider";
    public const string ModelsDeviceId = "models.deviceId";
    public const string ModelsFp16 = "models.fp16";
    public const string ModelsEngineCache = "models.engineCache";
    public const string ModelsThreads = "models.threads";
    public const string ModelsFile = "models.file";
    public const string ModelsCuda = "models.cuda";

    public const string PlannerVeto = "planner.veto";
    public const string LlmUrl = "llm.url";
    public const string LlmModel = "llm.model";
    public const string LlmProvider = "llm.provider";
    public const string LlmMaxTokens = "llm.maxTokens";

    /// <summary>Between suspect and down at least, in milliseconds: for others to be asked.</summary>
    public const int SuspectForMs = 1_000;

    public static readonly string[] Roles = ["node", "planner", "field", "sensor", "actuator", "viewer", "standby-planner"];

    public static readonly IReadOnlyList<ConfigKey> All =
    [
        new(Name, ConfigKind.Text, "", "1 to 63 bytes, no dot", "Display name of this node; the host name when absent.", v => TextProblem(v, 1, 63) ?? (v.GetString()!.Contains('.', StringComparison.Ordinal) ? "contains a dot, on which classic browsers split names" : null)),
        new(Role, ConfigKind.Text, "\"field\"", string.Join(", ", Roles), "Role in the mesh; a field controller uses field.", v => OneOf(v, Roles)),
        new(Host, ConfigKind.Text, "\"0.0.0.0\"", "an IP address of this machine, or 0.0.0.0 or ::", "Address the mesh port listens on.", v => IPAddress.TryParse(v.GetString(), out _) ? null : "is not an IP address"),
        new(Port, ConfigKind.Number, "18789", "0 to 65535; 0 lets the kernel choose", "TCP port of the mesh.", v => NumberProblem(v, 0, 65535)),
        new(MeshName, ConfigKind.Text, "", "1 to 128 bytes", "Name of the mesh; all nodes of a mesh use the same. Only its hash travels.", v => TextProblem(v, 1, 128)),
        new(Discovery, ConfigKind.Flag, "true", "true or false", "Whether to announce this node on the local network and to look for peers there, by multicast DNS.", _ => null),
        new(Capabilities, ConfigKind.TextList, "[]", "at most 256 entries of at most 128 characters", "Capabilities to announce besides those of the site.", v => ListProblem(v, 256, 128)),
        new(StaticPeers, ConfigKind.TextList, "[]", "at most 64 entries deviceId=url|fingerprint|label", "Peers to dial.", v => ListProblem(v, 64, 512) ?? PeersProblem(v)),
        new(StrictTransport, ConfigKind.Flag, "false", "true or false", "Whether a static peer with a WAN label and no pinned wss keeps the node from starting; otherwise it is only not dialled.", _ => null),
        new(Site, ConfigKind.Text, "", "simulated, or the path of a site file", "The installation to run; --site overrides it.", v => TextProblem(v, 1, 4096)),
        new(CommandFreshnessMs, ConfigKind.Number, "60000", "5000 to 300000", "Oldest age of a command in milliseconds.", v => NumberProblem(v, 5_000, 300_000)),
        new(ReplayHours, ConfigKind.Number, "24", "24 to 720", "Hours that the id of a command is remembered at least, so that it acts once.", v => NumberProblem(v, 24, 720)),
        new(PingAfterMs, ConfigKind.Number, "2500", "500 to 20000", "Milliseconds of silence after which a peer is pinged; after twice as long it is suspect.", v => NumberProblem(v, 500, 20_000)),
        new(DownAfterMs, ConfigKind.Number, "8000", "4000 to 120000, at least twice edge.liveness.pingAfterMs and 1000 more", "Milliseconds of silence after which a peer that nobody else reaches either is down; after half as long again it is down anyway.", v => NumberProblem(v, 4_000, 120_000)),
        new(PairingWindowSec, ConfigKind.Number, "120", "30 to 120", "Seconds a window for pairing stands open.", v => NumberProblem(v, 30, 120)),
        new(ClassicPerMinute, ConfigKind.Number, "90", "10 to 90", "Messages a minute to a classic peer that this node dialled; it discards what passes 100.", v => NumberProblem(v, 10, 90)),
        new(RequireSignature, ConfigKind.TextList, "[]", "at most 256 outputs or patterns such as actuator:valve:*", "Outputs whose commands from other devices must be signed by the device that source.nodeId names.", v => ListProblem(v, 256, 128)),
        new(SafetyTickMs, ConfigKind.Number, "20", "5 to 100", "Pause between two safety ticks in milliseconds.", v => NumberProblem(v, 5, 100)),
        new(ReportIntervalMs, ConfigKind.Number, "5000", "250 to 3600000", "Shortest pause between two frames of one sensor in milliseconds; a change of status is told at once.", v => NumberProblem(v, 250, 3_600_000)),
        new(RetentionFrames, ConfigKind.Number, "100000", "1000 to 1000000", "Signed frames kept on disk; of unsigned ones as many, but 20000 at most. See docs/retention.md.", v => NumberProblem(v, 1_000, 1_000_000)),
        new(RetentionMegabytes, ConfigKind.Number, "64", "1 to 4096", "Megabytes of frames kept on disk.", v => NumberProblem(v, 1, 4096)),
        new(RetentionSignedDays, ConfigKind.Number, "7", "1 to 90", "Days that signed frames are kept.", v => NumberProblem(v, 1, 90)),
        new(RetentionClassicHours, ConfigKind.Number, "24", "1 to 720", "Hours that frames without a valid signature are kept.", v => NumberProblem(v, 1, 720)),
        new(RetentionSafetyDays, ConfigKind.Number, "90", "90 to 3650", "Days that results of commands, faults and alarms are kept.", v => NumberProblem(v, 90, 3_650)),
        new(SignFrames, ConfigKind.Flag, "true", "true or false", "Whether this node numbers and signs its frames. Without, peers that knew it to sign drop what is relayed of it, and nothing is compared by edge.sync.", _ => null),
        new(AcceptUnsigned, ConfigKind.Flag, "true", "true or false", "Whether frames without a signature are taken at all; false shuts classic nodes out.", _ => null),
        new(SyncIntervalSec, ConfigKind.Number, "60", "10 to 3600", "Seconds between two comparisons with an Edge peer, give or take a fifth.", v => NumberProblem(v, 10, 3_600)),
        new(InboundPerSecond, ConfigKind.Number, "2000", "10 to 1000000", "Messages per second one session may send; events beyond are dropped and counted, requests get RATE_LIMITED.", v => NumberProblem(v, 10, 1_000_000)),
        new(InboundBurst, ConfigKind.Number, "10000", "100 to 10000000", "Messages one session may send at once before that limit holds.", v => NumberProblem(v, 100, 10_000_000)),
        new(RecorderMegabytes, ConfigKind.Number, "16", "0 to 1024; 0 records nothing", "Megabytes of disk for the flight recorder; see docs/flight-recorder.md.", v => NumberProblem(v, 0, 1024)),
        new(WatchdogDevice, ConfigKind.Text, "", "a device such as /dev/watchdog0", "Kernel watchdog the safety tick feeds; none when absent. One that systemd holds already is left to it.", v => TextProblem(v, 1, 128) ?? (v.GetString()!.StartsWith("/dev/", StringComparison.Ordinal) ? null : $"is '{v.GetString()}'")),
        new(WatchdogTimeoutMs, ConfigKind.Number, "15000", "5000 to 300000", "Milliseconds without a safety tick after which that watchdog resets the machine.", v => NumberProblem(v, 5_000, 300_000)),
        new(WatchdogWithhold, ConfigKind.Flag, "false", "true or false", "Whether all watchdogs hear nothing while a bus does not carry out a safe write, so that the node or the machine is restarted.", _ => null),
        new(UpdateHealthySec, ConfigKind.Number, "20", "5 to 3600", "Seconds a new version must have been healthy before `update apply` keeps it; see docs/guides/update.md.", v => NumberProblem(v, 5, 3_600)),
        new(UpdateDeadlineSec, ConfigKind.Number, "35", "10 to 7200, above edge.update.healthySec", "Seconds it has for that from its start; then the old version comes back.", v => NumberProblem(v, 10, 7_200)),
        new(UtcOffset, ConfigKind.Text, "\"+00:00\"", "such as +05:30 or -03:00, at most 14 hours", "Offset of the site's clock from UTC, without summer time: by it the twin's days and quarter hours begin. A simulated farm has a time of its own.", v => WorldClock.ParseOffset(v.GetString()) is null ? $"is '{v.GetString()}'" : null),
        new(TlsListen, ConfigKind.Flag, "false", "true or false", "Whether the mesh port speaks wss, with the certificate of `clawmesh-edge identity --tls`.", _ => null),
        new(PlannerGoals, ConfigKind.Text, "", "the path of a goals file", "What a planner wants of its zones; `goals.json` in the state directory when absent.", v => TextProblem(v, 1, 4096)),
        new(LoopbackReadOnly, ConfigKind.Text, "\"health\"", "health, read or none", "What an unauthenticated program on this machine may read on the mesh port.", v => OneOf(v, ["health", "read", "none"])),
        new(AllowedOrigins, ConfigKind.TextList, "[]", "at most 16 origins such as http://127.0.0.1:8080", "Web pages that may connect to the mesh port.", v => ListProblem(v, 16, 256)),
        new(PlannerVeto, ConfigKind.Text, "\"advise\"", "off, advise or enforce", "What a forecast may do to a watering that a planner or a policy asks for: advise says it in an event, enforce shortens or cancels. A person's own command is never changed.", v => OneOf(v, ["off", "advise", "enforce"])),
        new(LlmUrl, ConfigKind.Text, "", "http://host:port/path on this machine or in the local network", "An OpenAI-compatible server (llama.cpp, Ollama) whose model this node serves to its peers; see docs/llm.md.", v => LlmEndpoint.Parse(v.GetString()!.Trim(), out string problem) is null ? problem : null),
        new(LlmModel, ConfigKind.Text, "", "1 to 96 letters, digits and . - _ / : @ +", "The model as that server names it; nothing is served without.", v => LlmOptions.NameProblem(v.GetString()!.Trim(), slashes: true)),
        new(LlmProvider, ConfigKind.Text, "\"local\"", "1 to 24 letters, digits and . - _", "The first part of the capability llm:PROVIDER/MODEL.", v => TextProblem(v, 1, 24) ?? LlmOptions.NameProblem(v.GetString()!.Trim(), slashes: false)),
        new(LlmMaxTokens, ConfigKind.Number, "1024", "1 to 32768", "The longest answer in tokens; a request for more is cut to it.", v => NumberProblem(v, 1, 32_768)),
        new(ModelsOnnxRuntime, ConfigKind.Text, "", "the path of libonnxruntime.so.1, or of the folder it is in", "ONNX Runtime to run models with; without it this program's own folder and the system's are searched.", v => TextProblem(v, 1, 4096)),
        new(ModelsProvider, ConfigKind.Text, "\"auto\"", string.Join(", ", OrtOptions.ProviderWords), "What models run on; auto tries tensorrt, then cuda, then cpu. The CPU stands behind each.", v => OneOf(v, OrtOptions.ProviderWords)),
        new(ModelsDeviceId, ConfigKind.Number, "0", "0 to 63", "Which GPU, where there are several.", v => NumberProblem(v, 0, 63)),
        new(ModelsFp16, ConfigKind.Flag, "false", "true or false", "Whether TensorRT may compute in 16 bits; the model's golden output must still come out.", _ => null),
        new(ModelsEngineCache, ConfigKind.Text, "", "a folder the node may write", "Where TensorRT keeps the engines it has built; without it each start builds them, which takes minutes.", v => TextProblem(v, 1, 4096)),
        new(ModelsThreads, ConfigKind.Number, "2", "1 to 64", "Threads that share the candidates of a plan on the CPU.", v => NumberProblem(v, 1, 64)),
        new(ModelsFile, ConfigKind.Text, "", "the path of an .onnx file with its manifest beside it", "A model of the operator's to forecast and plan with, on ONNX Runtime; the shipped one when absent.", v => TextProblem(v, 1, 4096)),
        new(ModelsCuda, ConfigKind.Text, "\"auto\"", "auto, off, or the path of libcuda.so.1", "Whether the shipped model looks for a GPU at the start; it is used where it is faster than the processor.", v => TextProblem(v, 1, 4096)),
    ];

    public static ConfigKey? Find(string key) => All.FirstOrDefault(k => k.Key == key);

    /// <summary>The known key that looks most like <paramref name="key"/>, for "did you mean".</summary>
    public static string Nearest(string key) => NearestText.Find(key, [.. All.Select(k => k.Key)]);

    private static string? TextProblem(JsonElement v, int min, int max)
    {
        int bytes = System.Text.Encoding.UTF8.GetByteCount(v.GetString()!.Trim());
        return bytes >= min && bytes <= max ? null : $"is {bytes} bytes long";
    }

    private static string? NumberProblem(JsonElement v, long min, long max) =>
        v.TryGetInt64(out long number) && number >= min && number <= max ? null : $"is {v.GetRawText()}";

    private static string? OneOf(JsonElement v, string[] words) => words.Contains(v.GetString()) ? null : $"is '{v.GetString()}'";

    // Every wrong entry is told at once, by its place in the list.
    private static string? PeersProblem(JsonElement v)
    {
        var problems = new List<string>();
        int place = 0;
        foreach (JsonElement item in v.EnumerateArray())
        {
            place++;
            if (StaticPeer.Parse(item.GetString()!, out PeerProblem? problem) is null)
                problems.Add(string.Create(CultureInfo.InvariantCulture, $"has entry {place} wrong ({problem!.Code}): {problem.Why}. {problem.Fix}"));
        }

        return problems.Count == 0 ? null : string.Join(" It ", problems).TrimEnd('.');
    }

    private static string? ListProblem(JsonElement v, int maxEntries, int maxLength)
    {
        if (v.GetArrayLength() > maxEntries) return $"has {v.GetArrayLength().ToString(CultureInfo.InvariantCulture)} entries";
        foreach (JsonElement item in v.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.String) return $"holds {item.GetRawText()}, which is not text";
            if (item.GetString() is { } text && (text.Length == 0 || text.Length > maxLength)) return $"holds an entry of {text.Length} characters";
        }

        return null;
    }
}
