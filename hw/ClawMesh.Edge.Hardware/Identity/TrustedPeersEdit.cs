using ClawMesh.Edge.Core.Identity;

namespace ClawMesh.Edge.Hardware.Identity;

/// <summary>One change of the text of a trust store. Members and entries it does not name keep their bytes and their order ([W-23]).</summary>
/// <param name="text">The file, or null when there is none.</param>
/// <param name="now">What that text says; it has no problem.</param>
internal sealed class TrustedPeersEdit(byte[]? text, TrustedPeers now)
{
    private readonly RawEntries _peers = new(text ?? Empty, "peers", "deviceId");

    /// <summary>A store that trusts nobody.</summary>
    public static byte[] Empty => """{"version":1,"peers":[]}"""u8.ToArray();

    public TrustedPeers Now => now;

    public int Count => _peers.Count;

    public bool Contains(NodeId device) => _peers.Contains(device.Value);

    public void Append(RawObject entry) => _peers.Append(entry);

    /// <inheritdoc cref="RawEntries.Remove"/>
    public bool Remove(NodeId device) => _peers.Remove(device.Value);

    /// <inheritdoc cref="RawEntries.Change"/>
    public bool Change(NodeId device, Func<RawObject, bool> change) => _peers.Change(device.Value, change);

    public byte[] ToBytes() => _peers.ToBytes();
}
