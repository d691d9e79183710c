namespace ClawMesh.Edge.Agent.Config;

/// <summary>Which keys a running node takes over when it reads its configuration again, and why the others wait for a start. A test sees to it that every key stands in one of the two.</summary>
internal static class ReloadKeys
{
    private const string Outputs = "outputs and buses are claimed at the start";
    private const string Told = "peers were told at the handshake";
    private const string Listening = "the mesh port is open already";
    private const string Dialled = "diallers are made at the start";
    private const string Sessions = "sessions began with it";
    private const string Stored = "the journal is open already";
    private const string Thread = "the safety thread runs already";
    private const string Engine = "the model is loaded at the start";

    /// <summary>The next reading, message, session, page or command is treated by the new value.</summary>
    public static readonly string[] AtOnce =
    [
        ConfigKeys.CommandFreshnessMs, ConfigKeys.RequireSignature, ConfigKeys.ReportIntervalMs, ConfigKeys.AcceptUnsigned, ConfigKeys.SyncIntervalSec,
        ConfigKeys.InboundPerSecond, ConfigKeys.InboundBurst, ConfigKeys.LoopbackReadOnly, ConfigKeys.AllowedOrigins, ConfigKeys.PlannerVeto,
        ConfigKeys.UpdateHealthySec, ConfigKeys.UpdateDeadlineSec,
    ];

    /// <summary>Each with the reason.</summary>
    public static readonly IReadOnlyDictionary<string, string> AfterRestart = new Dictionary<string, string>
    {
        [ConfigKeys.Name] = Told, [ConfigKeys.Role] = Told, [ConfigKeys.MeshName] = Told, [ConfigKeys.Capabilities] = Told, [ConfigKeys.SignFrames] = Told,
        [ConfigKeys.Host] = Listening, [ConfigKeys.Port] = Listening, [ConfigKeys.TlsListen] = Listening, [ConfigKeys.Discovery] = Listening,
        [ConfigKeys.PingAfterMs] = Sessions, [ConfigKeys.DownAfterMs] = Sessions, [ConfigKeys.ClassicPerMinute] = Sessions, [ConfigKeys.PairingWindowSec] = Sessions,
        [ConfigKeys.StaticPeers] = Dialled, [ConfigKeys.StrictTransport] = Dialled,
        [ConfigKeys.Site] = Outputs, [ConfigKeys.SafetyTickMs] = Thread, [ConfigKeys.RecorderMegabytes] = Thread,
        [ConfigKeys.WatchdogDevice] = Thread, [ConfigKeys.WatchdogTimeoutMs] = Thread, [ConfigKeys.WatchdogWithhold] = Thread,
        [ConfigKeys.RetentionFrames] = Stored, [ConfigKeys.RetentionMegabytes] = Stored, [ConfigKeys.RetentionSignedDays] = Stored,
        [ConfigKeys.RetentionClassicHours] = Stored, [ConfigKeys.RetentionSafetyDays] = Stored, [ConfigKeys.ReplayHours] = Stored,
        [ConfigKeys.UtcOffset] = "the twin's days have begun by it", [ConfigKeys.PlannerGoals] = "the planner has its goals from there",
        [ConfigKeys.ModelsOnnxRuntime] = Engine, [ConfigKeys.ModelsProvider] = Engine, [ConfigKeys.ModelsDeviceId] = Engine, [ConfigKeys.ModelsFp16] = Engine,
        [ConfigKeys.ModelsEngineCache] = Engine, [ConfigKeys.ModelsThreads] = Engine, [ConfigKeys.ModelsFile] = Engine, [ConfigKeys.ModelsCuda] = Engine,
        [ConfigKeys.LlmUrl] = Engine, [ConfigKeys.LlmModel] = Engine, [ConfigKeys.LlmProvider] = Engine, [ConfigKeys.LlmMaxTokens] = Engine,
    };

    public static bool IsLive(string key) => AtOnce.Contains(key);
}
