using System.Text.Json;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Mesh;
using ClawMesh.Edge.Mesh.Capabilities;
using ClawMesh.Edge.Mesh.Dialling;
using ClawMesh.Edge.Mesh.Peers;
using ClawMesh.Edge.Mesh.Sessions;
using ClawMesh.Edge.Mesh.Transport;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>The members about peers in the read methods of [W-133], [W-134] and [W-136].</summary>
internal sealed class MeshViews(MeshNode mesh, TimeProvider time, IReadOnlyList<MeshDiagnostic> diagnostics)
{
    /// <summary>Distinct capabilities of the peers ([W-136]).</summary>
    public int MeshTotal
    {
        get
        {
            var peers = new List<CapabilityHolder>();
            foreach (CapabilityHolder holder in mesh.Holders())
            {
                if (!holder.IsSelf) peers.Add(holder);
            }

            return CapabilityRouting.Total(peers);
        }
    }

    /// <summary><c>mesh.peers</c> ([W-133]); suspicion is in the member <c>edge</c> ([X-35]).</summary>
    public void Peers(Utf8JsonWriter w)
    {
        w.WriteStartObject();
        WritePeers(w, withCapabilities: true);
        w.WriteEndObject();
    }

    public void WritePeers(Utf8JsonWriter w, bool withCapabilities)
    {
        w.WriteStartArray("peers");
        foreach (Session s in mesh.Sessions)
        {
            w.WriteStartObject();
            w.WriteString("deviceId", s.DeviceId.Value);
            if (s.Facts.DisplayName is { } name) w.WriteString("displayName", name);
            w.WriteBoolean("outbound", s.Outbound);
            if (withCapabilities) Capabilities(w, s);
            if (s.Facts.Role is { } role) w.WriteString("role", role);
            if (s.Label is { } label) w.WriteString("transportLabel", label);
            w.WriteNumber("connectedAtMs", s.ConnectedAtMs);
            w.WriteStartObject("edge");
            w.WriteString("state", s.State == SessionState.Up ? "up" : "suspect");
            LinkHealth link = s.Link(time);
            w.WriteNumber("silentMs", (long)link.Silent.TotalMilliseconds);
            w.WriteNumber("queued", link.Queued);
            w.WriteString("remote", link.Remote);
            w.WriteBoolean("encrypted", link.Encrypted);
            w.WriteStartArray("features");
            foreach (string feature in s.Facts.Features) w.WriteStringValue(feature);
            w.WriteEndArray();
            if (withCapabilities) Detail(w, s, link.Counters);
            w.WriteEndObject();
            w.WriteEndObject();
        }

        w.WriteEndArray();
    }

    // What `peers -v` shows. Null where nothing is known: no comparison yet, no ping answered.
    private static void Detail(Utf8JsonWriter w, Session s, SendCounters c)
    {
        w.WriteString("posture", s.Posture.Word());
        w.WriteStartObject("pacing");
        w.WriteNumber("safety", c.SentSafety);
        w.WriteNumber("control", c.SentControl);
        w.WriteNumber("bulk", c.SentBulk);
        w.WriteNumber("coalesced", c.Coalesced);
        w.WriteNumber("dropped", c.Dropped);
        w.WriteNumber("deferredMs", c.DeferredMs);
        w.WriteNumber("window", c.InWindow);
        w.WriteEndObject();
        w.WriteStartObject("lag");
        Number(w, "weLack", s.Sight.WeLack);
        Number(w, "theyLack", s.Sight.TheyLack);
        w.WriteEndObject();
        w.WriteNumber("verificationFailures", s.Sight.VerificationFailures);
        Number(w, "clockOffsetMs", s.Sight.ClockOffset is { } offset ? (long)offset.TotalMilliseconds : null);
    }

    private static void Number(Utf8JsonWriter w, string name, long? value)
    {
        if (value is { } known) w.WriteNumber(name, known);
        else w.WriteNull(name);
    }

    /// <summary>The member <c>peers</c> of <c>mesh.health</c>, ids cut short.</summary>
    public void HealthPeers(Utf8JsonWriter w)
    {
        w.WriteStartObject("peers");
        w.WriteNumber("connected", mesh.Sessions.Count);
        w.WriteStartArray("details");
        foreach (Session s in mesh.Sessions)
        {
            w.WriteStartObject();
            w.WriteString("deviceId", s.DeviceId.Value[..16] + "...");
            if (s.Facts.DisplayName is { } name) w.WriteString("displayName", name);
            Capabilities(w, s);
            if (s.Facts.Role is { } role) w.WriteString("role", role);
            if (s.Label is { } label) w.WriteString("transportLabel", label);
            w.WriteNumber("connectedMs", (long)s.Link(time).ConnectedFor.TotalMilliseconds);
            w.WriteBoolean("outbound", s.Outbound);
            if (s.State == SessionState.Suspect) w.WriteBoolean("suspect", true);
            w.WriteEndObject();
        }

        w.WriteEndArray();
        w.WriteEndObject();
    }

    public void Leader(Utf8JsonWriter w) => mesh.Leader.Write(w, "plannerLeader");

    public void Activity(Utf8JsonWriter w)
    {
        w.WritePropertyName("plannerActivity");
        mesh.Activity.Write(w);
    }

    public void Configured(Utf8JsonWriter w)
    {
        w.WriteBoolean("discoveryEnabled", mesh.Options.Discovery);
        w.WriteStartArray("configuredStaticPeers");
        foreach (StaticDial dial in mesh.Dials)
        {
            StaticPeer peer = dial.Peer;
            w.WriteStartObject();
            w.WriteString("deviceId", peer.DeviceId.Value);
            w.WriteString("url", peer.UrlText);
            if (peer.Label is { } label) w.WriteString("transportLabel", label);
            w.WriteString("securityPosture", peer.Posture.Word());
            w.WriteStartObject("edge");
            w.WriteString("state", Word(dial.State));
            w.WriteNumber("attempts", dial.Attempts);
            if (dial.LastFault.Length > 0) w.WriteString("lastFault", dial.LastFault);
            w.WriteEndObject();
            w.WriteEndObject();
        }

        w.WriteEndArray();
    }

    /// <summary>What the mesh found wrong with its configuration at start, and how it judges itself ([X-36]).</summary>
    public void Edge(Utf8JsonWriter w)
    {
        w.WriteStartObject("mesh");
        w.WriteString("meshId", mesh.SelfFacts.MeshId);
        if (mesh.Own.Epoch is { } epoch)
        {
            w.WriteString("epoch", epoch);
            w.WriteNumber("seq", mesh.Own.Used);
        }

        w.WriteNumber("health", mesh.Health.Multiplier);
        w.WriteNumber("suppressed", mesh.Suppression.Count);
        w.WriteNumber("refusedForwards", mesh.Forward.Refused);
        w.WriteStartArray("diagnostics");
        foreach (MeshDiagnostic d in diagnostics)
        {
            w.WriteStartObject();
            w.WriteString("level", d.Level.ToString().ToLowerInvariant());
            w.WriteString("code", d.Code);
            w.WriteString("text", d.Text);
            w.WriteEndObject();
        }

        w.WriteEndArray();
        w.WriteEndObject();
    }

    /// <summary>The metrics of the mesh; what was withheld from a peer carries its short id ([X-76]).</summary>
    public void Metrics(Utf8JsonWriter w)
    {
        Metric(w, "mesh.inbound.rejected", "counter", mesh.Counters.Rejected, null, null);
        mesh.Counters.ForEach((name, value) => Metric(w, name, "counter", value, null, null));
        Metric(w, "mesh.peers.connected", "gauge", mesh.Sessions.Count, null, null);
        Metric(w, "mesh.world_model.entries", "gauge", mesh.World.Counts.Entries, null, null);
        Metric(w, "edge.world.evicted", "counter", mesh.World.Counts.Evicted, null, null);
        Metric(w, "edge.sync.lost", "counter", mesh.Book.Lost, null, null);
        Metric(w, "edge.sync.origins", "gauge", mesh.Book.Origins, null, null);
        Metric(w, "edge.frame.forked_origins", "gauge", mesh.ForkedOrigins, null, null);
        (int toCheck, int held) = mesh.WaitingFrames;
        Metric(w, "edge.frame.waiting_check", "gauge", toCheck, null, null);
        Metric(w, "edge.frame.waiting_number", "gauge", held, null, null);
        foreach (Session s in mesh.Sessions)
        {
            SendCounters c = s.Link(time).Counters;
            string peer = s.DeviceId.Abbreviated;
            Metric(w, "edge.pacing.sent", "counter", c.SentSafety, peer, "safety");
            Metric(w, "edge.pacing.sent", "counter", c.SentControl, peer, "control");
            Metric(w, "edge.pacing.sent", "counter", c.SentBulk, peer, "bulk");
            Metric(w, "edge.pacing.coalesced", "counter", c.Coalesced, peer, null);
            Metric(w, "edge.pacing.dropped", "counter", c.Dropped, peer, null);
            Metric(w, "edge.pacing.deferred_ms", "gauge", c.DeferredMs, peer, null);
            Metric(w, "edge.pacing.window", "gauge", c.InWindow, peer, null);
        }
    }

    private static void Metric(Utf8JsonWriter w, string name, string type, long value, string? peer, string? messageClass)
    {
        if (value == 0) return;
        w.WriteStartObject();
        w.WriteString("name", name);
        w.WriteString("type", type);
        w.WriteNumber("value", value);
        if (peer is not null)
        {
            w.WriteStartObject("labels");
            w.WriteString("peer", peer);
            if (messageClass is not null) w.WriteString("class", messageClass);
            w.WriteEndObject();
        }

        w.WriteEndObject();
    }

    private static void Capabilities(Utf8JsonWriter w, Session s)
    {
        w.WriteStartArray("capabilities");
        foreach (string capability in s.Facts.Capabilities) w.WriteStringValue(capability);
        w.WriteEndArray();
    }

    private static string Word(DialState state) => state switch
    {
        DialState.Waiting => "waiting",
        DialState.Dialling => "dialling",
        DialState.Connected => "connected",
        DialState.StoodDown => "stood-down",
        DialState.Refused => "refused",
        _ => "untrusted",
    };
}
