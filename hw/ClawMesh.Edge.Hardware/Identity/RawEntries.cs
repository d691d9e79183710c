namespace ClawMesh.Edge.Hardware.Identity;

/// <summary>One change of a JSON file that holds a list of objects, each with an id. Members and entries it does not name keep their bytes and their order.</summary>
/// <param name="text">The file; sound, and with the list in it.</param>
/// <param name="list">The name of the list.</param>
/// <param name="id">The name of the member that tells entries apart.</param>
internal sealed class RawEntries(byte[] text, string list, string id)
{
    private readonly RawObject _file = new(text);
    private readonly List<byte[]> _entries = RawJson.Items(new RawObject(text)[list]!);

    public int Count => _entries.Count;

    public bool Contains(string key) => IndexOf(key) >= 0;

    public void Append(RawObject entry) => _entries.Add(entry.ToBytes());

    /// <summary>Also the entries that stand twice: gone must mean gone.</summary>
    public bool Remove(string key) => _entries.RemoveAll(entry => Names(entry, key)) > 0;

    /// <summary>Changes the first entry with this id, which there is, unless <paramref name="change"/> says that nothing is to do.</summary>
    public bool Change(string key, Func<RawObject, bool> change)
    {
        int at = IndexOf(key);
        var entry = new RawObject(_entries[at]);
        if (!change(entry)) return false;
        _entries[at] = entry.ToBytes();
        return true;
    }

    public byte[] ToBytes()
    {
        _file.Set(list, RawJson.Array(_entries));
        return RawJson.Indented(_file.ToBytes());
    }

    private int IndexOf(string key) => _entries.FindIndex(entry => Names(entry, key));

    private bool Names(byte[] entry, string key) => entry is [(byte)'{', ..] && new RawObject(entry).TextAt(id) == key;
}
