using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;

namespace ClawMesh.Edge.Hardware.Identity;

// What a pairing leaves in the store ([X-10], [X-59]).
public sealed partial class TrustedPeersFile
{
    /// <summary>
    /// Adds a device that people compared codes for, its key pinned at once. An entry that it has already keeps its name, its
    /// features and what else stands there; method, time and grants are those of this pairing.
    /// </summary>
    /// <param name="displayName">Left out when it is no display name.</param>
    /// <exception cref="EdgeException">As for <see cref="Add"/>; <c>trust.unknown_device</c> when its entry is not trusted, <c>PUBLIC_KEY_MISMATCH</c> when another key is pinned.</exception>
    public void AddPaired(NodeId device, string publicKey, string? displayName, PeerGrants grants)
    {
        string what = $"Could not store the pairing with {device}.";
        CheckKey(device, publicKey, what);
        if (displayName is not null && !IsDisplayName(displayName)) displayName = null;
        MakeFolders();
        Edit(what, file =>
        {
            if (!file.Contains(device))
            {
                RawObject added = NewEntry(file, device, publicKey, displayName, what);
                SetPaired(added, grants);
                file.Append(added);
                return true;
            }

            TrustEntry trusted = file.Now.Entries.GetValueOrDefault(device.Value) ?? throw Unknown(device, what, file);
            if (trusted.PublicKey is { } pinned && pinned != publicKey)
                throw Mismatch(what, "Its entry has another key.", "Remove the entry and pair again once you know which key is right.");
            return file.Change(device, entry =>
            {
                if (trusted.PublicKey is null) entry.Set("publicKey", RawJson.Text(publicKey), before: "addedAt");
                SetPaired(entry, grants);
                return true;
            });
        });
    }

    private void SetPaired(RawObject entry, PeerGrants grants)
    {
        RawObject edge = entry.ObjectAt("edge") ?? new RawObject();
        edge.Set("method", RawJson.Text("sas"));
        edge.Set("pairedAt", RawJson.Text(NowText()));
        entry.Set("edge", edge.ToBytes());
        SetGrants(entry, grants);
    }
}
