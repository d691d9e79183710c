using System.Globalization;
using System.Text;
using System.Text.Json;
using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Frames;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.Tests.World.Twin;

/// <summary>A twin on a manual clock, and frames for it.</summary>
internal sealed class TwinBench
{
    public static readonly NodeId Self = new(new string('a', NodeId.Length));
    public static readonly NodeId Peer = new("b1b2b3b4b5b6" + new string('b', NodeId.Length - 12));
    public static readonly NodeId Other = new("c1c2c3c4c5c6" + new string('c', NodeId.Length - 12));

    private int _frames;

    public TwinBench(TwinLimits? limits = null, double rate = 1)
    {
        Clock = rate == 1 ? WorldClock.OfRealSite(Time, TimeSpan.Zero) : WorldClock.OfSimulatedFarm(Time, rate);
        Twin = new TwinWriter(Self, Time, Clock, Warnings.Add, limits);
    }

    public ManualTime Time { get; } = new();

    public WorldClock Clock { get; }

    public List<string> Warnings { get; } = [];

    public TwinWriter Twin { get; }

    public long Now => Time.GetUtcNow().ToUnixTimeMilliseconds();

    public TwinProperty? Moisture => Twin.Current.Find("zone:zone-1", "moisture");

    public static ContextFrame Frame(string data, NodeId? source = null, long timestamp = 0, string? id = null, string kind = "observation", string[]? sources = null, string? name = null) => new()
    {
        Kind = kind,
        FrameId = id ?? Guid.NewGuid().ToString("D"),
        SourceDeviceId = (source ?? Peer).Value,
        SourceDisplayName = name,
        Timestamp = timestamp,
        Data = JsonDocument.Parse(data).RootElement,
        Trust = new FrameTrust(sources ?? ["sensor"], TrustWords.T2),
    };

    public static string Moist(double value, string zone = "zone-1", string metric = "moisture") =>
        $$"""{"zone":"{{zone}}","metric":"{{metric}}","value":{{value.ToString(CultureInfo.InvariantCulture)}},"unit":"%","status":"normal"}""";

    /// <summary>Folds a frame both as an object and, into a second place, as text: never another result.</summary>
    public bool Fold(ContextFrame frame, EvidenceTier believed = EvidenceTier.OperationalObservation)
    {
        byte[] text = JsonSerializer.SerializeToUtf8Bytes(frame, WireJson.Default.ContextFrame);
        bool own = frame.SourceDeviceId == Self.Value;
        return _frames++ % 2 == 0 ? Twin.Fold(frame, believed, own) : Twin.Fold(text, believed, own);
    }

    public bool Say(double value, NodeId? source = null, long? timestamp = null, string? id = null, string zone = "zone-1", string metric = "moisture") =>
        Fold(Frame(Moist(value, zone, metric), source, timestamp ?? Now, id));
}
