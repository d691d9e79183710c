using System.Globalization;
using System.Text;

namespace ClawMesh.Edge.TestKit;

/// <summary>
/// A directory tree written down as one text: <c>path: content</c> makes a file, <c>path -> target</c> a symbolic link, <c>path/</c> a
/// directory, a line that begins with <c>#</c> a remark. In contents <c>\n</c>, <c>\t</c>, <c>\0</c> and <c>\xNN</c> stand for one byte each; a file
/// ends in a line feed unless its content ends in <c>\0</c> or in <c>\c</c>, which stands for nothing.
/// </summary>
public static class FileTree
{
    /// <summary>Makes the tree below <paramref name="directory"/>; a later line for the same path replaces an earlier one.</summary>
    /// <exception cref="FormatException">A line is none of these.</exception>
    public static void Unpack(string text, string directory)
    {
        foreach (string line in text.Split('\n'))
        {
            if (line.Length == 0 || line[0] == '#') continue;
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            while (colon >= 0 && colon + 1 < line.Length && line[colon + 1] != ' ') colon = line.IndexOf(':', colon + 1);
            int arrow = line.IndexOf(" -> ", StringComparison.Ordinal);
            if (arrow >= 0 && (colon < 0 || arrow < colon)) Link(At(directory, line[..arrow]), line[(arrow + 4)..]);
            else if (colon > 0) Write(At(directory, line[..colon]), Bytes(line[Math.Min(line.Length, colon + 2)..]));
            else if (line.EndsWith('/')) Directory.CreateDirectory(Path.Combine(directory, line));
            else throw new FormatException($"'{line}' is neither a file, a link, a directory nor a remark.");
        }
    }

    private static string At(string directory, string path)
    {
        string full = Path.Combine(directory, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        return full;
    }

    private static void Link(string path, string target)
    {
        File.Delete(path);
        File.CreateSymbolicLink(path, target);
    }

    private static void Write(string path, byte[] content) => File.WriteAllBytes(path, content);

    private static byte[] Bytes(string content)
    {
        var bytes = new List<byte>();
        for (int i = 0; i < content.Length; i++)
        {
            if (content[i] != '\\')
            {
                bytes.AddRange(Encoding.UTF8.GetBytes(content, i, 1));
                continue;
            }

            switch (content[++i])
            {
                case 'n': bytes.Add((byte)'\n'); break;
                case 't': bytes.Add((byte)'\t'); break;
                case '0': bytes.Add(0); break;
                case 'c': return [.. bytes];
                case 'x': bytes.Add(byte.Parse(content.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)); i += 2; break;
                default: throw new FormatException($"'\\{content[i]}' in '{content}' stands for nothing.");
            }
        }

        if (bytes is not [.., 0]) bytes.Add((byte)'\n');
        return [.. bytes];
    }
}
