using System.Globalization;

namespace ClawMesh.Edge.Hardware.Linux;

/// <summary>
/// Users and groups as <c>/etc/passwd</c> and <c>/etc/group</c> list them (passwd(5), group(5)). Read at each question, so an edit counts
/// at once. There is no name service behind it on purpose: a user from LDAP or SSSD is unknown here and so in no group, which
/// fails closed, and a directory server that does not answer cannot hang the operator socket.
/// </summary>
/// <param name="root">Where the file system begins; tests give a fixture tree.</param>
public sealed class UnixUsers(string root = "/")
{
    /// <summary>The login name, or null for an unlisted user.</summary>
    public string? NameOf(uint userId)
    {
        foreach (string[] user in Records("etc/passwd", 4))
        {
            if (Number(user[2]) == userId) return user[0];
        }

        return null;
    }

    /// <summary>A listed user's id and primary group; null for an unlisted one.</summary>
    public FileOwner? IdsOf(string userName)
    {
        foreach (string[] user in Records("etc/passwd", 4))
        {
            if (user[0] == userName && Number(user[2]) is { } userId && Number(user[3]) is { } groupId) return new FileOwner(userId, groupId);
        }

        return null;
    }

    /// <summary>The group's name, or null for an unlisted group.</summary>
    public string? GroupNameOf(uint groupId)
    {
        foreach (string[] group in Records("etc/group", 3))
        {
            if (Number(group[2]) == groupId) return group[0];
        }

        return null;
    }

    /// <summary>Whether the user is a member of the group, listed or by primary group. False when either is unknown.</summary>
    public bool IsInGroup(uint userId, string groupName) => IsInGroup(userId, primaryGroupId: null, groupName);

    /// <summary>The same for a caller on a Unix socket, whose group at the time of connecting counts too.</summary>
    public bool IsInGroup(PeerCredentials caller, string groupName) => IsInGroup(caller.UserId, caller.GroupId, groupName);

    private bool IsInGroup(uint userId, uint? primaryGroupId, string groupName)
    {
        string? userName = null;
        uint? listedGroupId = null;
        foreach (string[] user in Records("etc/passwd", 4))
        {
            if (Number(user[2]) != userId) continue;
            (userName, listedGroupId) = (user[0], Number(user[3]));
            break;
        }

        foreach (string[] group in Records("etc/group", 3))
        {
            if (group[0] != groupName) continue;
            if (Number(group[2]) is { } groupId && (groupId == primaryGroupId || groupId == listedGroupId)) return true;
            if (userName is not null && group.Length > 3 && group[3].Split(',', StringSplitOptions.TrimEntries).Contains(userName)) return true;
        }

        return false;
    }

    private List<string[]> Records(string file, int atLeastFields)
    {
        var records = new List<string[]>();
        try
        {
            foreach (string line in File.ReadLines(Path.Combine(root, file)))
            {
                string[] fields = line.Split(':');
                if (fields.Length >= atLeastFields && line[0] is not ('#' or '+' or '-')) records.Add(fields);
            }
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            // Without the file nobody is known, and nobody is in any group.
            records.Clear();
        }

        return records;
    }

    private static uint? Number(string text) =>
        uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out uint number) ? number : null;
}
