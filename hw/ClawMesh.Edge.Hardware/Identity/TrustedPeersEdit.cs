using ClawMesh.Edge.Core.Identity;

namespace ClawMesh.Edge.Hardware.Identity;

/// <summary>One change of the text of a trust store. Members and entries it does not name keep their bytes and their order ([W-23]).</summary>
internal sealed class TrustedPeersEdit
{
    private readonly RawObject _file;
    private readonly List<byte[]> _peers;

    /// <param name="text">The file, or null when there is none.</param>
    /// <param name="now">What that text says; it has no problem.</param>
    public TrustedPeersEdit(byte[]? text, TrustedPeers now)
    {
        _file = new RawObject(text ?? Empty);
        _peers = RawJson.Items(_file["peers"]!);
        Now = now;
    }

    /// <summary>A store that trusts nobody.</summary>
    public static byte[] Empty => """{"version":1,"peers":[]}"""u8.ToArray();

    public TrustedPeers Now { get; }

    public int Count => _peers.Count;

    public bool Contains(NodeId device) => IndexOf(device) >= 0;

    public void Append(RawObject entry) => _peers.Add(entry.ToBytes());

    /// <summary>Also the entries that stand twice: gone must mean gone.</summary>
    public bool Remove(NodeId device) => _peers.RemoveAll(peer => Names(peer, device)) > 0;

    /// <summary>Changes the first entry of the device, which there is, unless <paramref name="change"/> says that nothing is to do.</summary>
    public bool Change(NodeId device, Func<RawObject, bool> change)
    {
        int at = IndexOf(device);
        var entry = new RawObject(_peers[at]);
        if (!change(entry)) return false;
        _peers[at] = entry.ToBytes();
        return true;
    }

    public byte[] ToBytes()
    {
        _file.Set("peers", RawJson.Array(_peers));
        return RawJson.Indented(_file.ToBytes());
    }

    private int IndexOf(NodeId device) => _peers.FindIndex(peer => Names(peer, device));

    private static bool Names(byte[] peer, NodeId device) => peer is [(byte)'{', ..] && new RawObject(peer).TextAt("deviceId") == device.Value;
}
