using System.Globalization;
using System.Text.Json;
using ClawMesh.Edge.Core.Wire;

namespace ClawMesh.Edge.Agent.Update;

/// <summary>One file of a bundle.</summary>
/// <param name="Path">Relative, of plain names; no other file lies at it or below it.</param>
internal sealed record BundleEntry(string Path, long Size, byte[] Sha256, UnixFileMode Mode);

/// <summary>What a bundle says it holds: the line of JSON that its signature covers. Every bound is checked before anything is done with it.</summary>
internal sealed record BundleManifest(string Version, string Rid, string Created, string? MinKernel, IReadOnlyList<BundleEntry> Files)
{
    public const int MaxFiles = 64;
    public const long MaxBytes = 256L * 1024 * 1024;

    private const int MaxPath = 128;

    // What apply leaves beside the files: the signed line, so that anybody can see later what was installed.
    public const string FileName = "manifest.json";

    private const UnixFileMode Plain = (UnixFileMode)0b110_100_100;
    private const UnixFileMode Executable = (UnixFileMode)0b111_101_101;

    public long TotalBytes
    {
        get
        {
            long total = 0;
            foreach (BundleEntry file in Files) total += file.Size;
            return total;
        }
    }

    /// <param name="problem">What is wrong, when the answer is null.</param>
    public static BundleManifest? Read(ReadOnlyMemory<byte> utf8, out string problem)
    {
        using JsonDocument? document = StrictJson.Parse(utf8);
        if (document is null)
        {
            problem = "its manifest is not one sound JSON object";
            return null;
        }

        JsonElement root = document.RootElement;
        if (root.TryGetProperty("schema", out JsonElement schema) is false || schema.ValueKind != JsonValueKind.Number || !schema.TryGetInt32(out int number) || number != 1)
        {
            problem = "the schema of its manifest is not 1; a newer version of this program may know it";
            return null;
        }

        string version = Text(root, "version");
        string rid = Text(root, "rid");
        problem = (Text(root, "name"), version) switch
        {
            (not UpdatePaths.BinaryName, _) => $"it is a bundle of '{Text(root, "name")}'",
            (_, var v) when !ReleaseVersion.IsWellFormed(v) => $"its version '{v}' is none: digits, letters and . - + ~ _, a digit first, at most 64",
            _ => "",
        };
        List<BundleEntry>? files = problem.Length > 0 ? null : Entries(root, out problem);
        return files is null ? null : new BundleManifest(version, rid, Text(root, "created"), Text(root, "minKernel") is { Length: > 0 } kernel ? kernel : null, files);
    }

    private static List<BundleEntry>? Entries(JsonElement root, out string problem)
    {
        if (!root.TryGetProperty("files", out JsonElement list) || list.ValueKind != JsonValueKind.Array || list.GetArrayLength() is < 1 or > MaxFiles)
        {
            problem = $"it lists no files, or more than {MaxFiles}";
            return null;
        }

        var files = new List<BundleEntry>(list.GetArrayLength());
        var taken = new HashSet<string>(StringComparer.Ordinal) { FileName };
        long total = 0;
        foreach (JsonElement item in list.EnumerateArray())
        {
            BundleEntry? file = Entry(item, out problem);
            if (file is null) return null;
            if (!taken.Add(file.Path))
            {
                problem = $"it holds '{file.Path}' twice, or a file of that name is written beside it";
                return null;
            }

            // Sizes are not negative and few, so the sum cannot overflow before it is too large.
            total += file.Size;
            if (total > MaxBytes)
            {
                problem = $"its files are larger than {MaxBytes / 1024 / 1024} MB together";
                return null;
            }

            files.Add(file);
        }

        foreach (BundleEntry file in files)
        {
            for (int slash = file.Path.IndexOf('/'); slash > 0; slash = file.Path.IndexOf('/', slash + 1))
            {
                if (!taken.Contains(file.Path[..slash])) continue;
                problem = $"'{file.Path[..slash]}' is a file and a directory in it";
                return null;
            }
        }

        if (!files.Exists(f => f is { Path: UpdatePaths.BinaryName, Mode: Executable }))
        {
            problem = $"it holds no {UpdatePaths.BinaryName} with mode 0755";
            return null;
        }

        problem = "";
        return files;
    }

    private static BundleEntry? Entry(JsonElement item, out string problem)
    {
        string path = Text(item, "path");
        if (!IsPlainPath(path))
        {
            problem = $"'{path}' is no path for a file of a release: plain names of letters, digits and . _ + -, with / between, at most {MaxPath} characters";
            return null;
        }

        UnixFileMode? mode = Text(item, "mode") switch { "0755" => Executable, "0644" => Plain, _ => null };
        long size = item.TryGetProperty("size", out JsonElement s) && s.ValueKind == JsonValueKind.Number && s.TryGetInt64(out long bytes) ? bytes : -1;
        byte[]? hash = Hash(Text(item, "sha256"));
        problem = (mode, size, hash) switch
        {
            (null, _, _) => $"'{path}' has mode '{Text(item, "mode")}'; 0755 and 0644 are allowed",
            (_, < 0 or > MaxBytes, _) => string.Create(CultureInfo.InvariantCulture, $"'{path}' has no size from 0 to {MaxBytes}"),
            (_, _, null) => $"'{path}' has no SHA-256 of 64 hexadecimal digits",
            _ => "",
        };
        return problem.Length == 0 ? new BundleEntry(path, size, hash!, mode!.Value) : null;
    }

    // Nothing that leaves the folder, hides in it, or would be taken for an option.
    private static bool IsPlainPath(string path)
    {
        if (path.Length is 0 or > MaxPath) return false;
        foreach (string name in path.Split('/'))
        {
            if (name.Length == 0 || name[0] is '.' or '-') return false;
            foreach (char c in name)
            {
                if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or '+' or '-')) return false;
            }
        }

        return true;
    }

    private static byte[]? Hash(string hex)
    {
        if (hex.Length != 64) return null;
        foreach (char c in hex)
        {
            if (!char.IsAsciiHexDigit(c)) return null;
        }

        return Convert.FromHexString(hex);
    }

    private static string Text(JsonElement e, string name) =>
        e.ValueKind == JsonValueKind.Object && e.TryGetProperty(name, out JsonElement v) && v.ValueKind == JsonValueKind.String ? v.GetString()! : "";
}
