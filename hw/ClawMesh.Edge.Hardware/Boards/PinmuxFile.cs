using System.Globalization;
using System.Text.Json;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Hardware.Boards;

/// <summary>
/// What the privileged probe tells the unprivileged node: <c>/run/clawmesh-edge/pinmux.json</c>, readable by everybody, good for one
/// life of the kernel.
/// </summary>
public static class PinmuxFile
{
    private const int Schema = 1;
    private const int MaxBytes = 64 * 1024;
    private const int MaxPads = 512;

    private const UnixFileMode EverybodyReads = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode EverybodyEnters = UnixMode.OwnerOnlyDirectory | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    /// <param name="root">Where the file system begins.</param>
    public static string PathIn(string root) => Path.Combine(root, "run/clawmesh-edge/pinmux.json");

    /// <summary>This life of the kernel; null when the kernel does not say.</summary>
    public static string? BootId(string root)
    {
        try
        {
            return File.ReadAllText(Path.Combine(root, "proc/sys/kernel/random/boot_id")).Trim() is { Length: > 0 } id ? id : null;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <exception cref="EdgeException"><c>storage.write_failed</c>.</exception>
    public static void Write(string root, PinmuxTable table)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            writer.WriteStartObject();
            writer.WriteNumber("schema", Schema);
            writer.WriteString("bootId", table.BootId);
            writer.WriteString("board", table.Board);
            writer.WriteStartArray("pads");
            foreach (PinmuxEntry pad in table.Pads)
            {
                writer.WriteStartObject();
                writer.WriteNumber("pin", pad.Pin);
                writer.WriteString("register", Hex(pad.Address));
                writer.WriteString("value", Hex(pad.Register.Value));
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        string path = PathIn(root);
        UnixMode.CreateDirectory(Path.GetDirectoryName(path)!, EverybodyEnters);
        // Nothing by path afterwards: the directory may belong to the node's user, who could put a link there.
        AtomicFile.Write(path, buffer.ToArray(), EverybodyReads);
    }

    /// <summary>The table of this life of the kernel, or why there is none.</summary>
    public static PinmuxReadResult Read(string root)
    {
        string path = PathIn(root);
        try
        {
            var file = new FileInfo(path);
            if (!file.Exists) return Skipped("the pads were not probed since the machine started; `sudo clawmesh-edge board probe-pinmux` does it");
            // A pipe has none; opening it would wait for a writer.
            if (file.Length is 0 or > MaxBytes) return Skipped($"{path} has {file.Length} bytes; it must have 1 to {MaxBytes}");
            using JsonDocument document = JsonDocument.Parse(ReadWhole(path, (int)file.Length));
            return BootId(root) is not { } current ? Skipped("the kernel does not tell which start this is")
                : ReadTable(document.RootElement) is not { } table ? Skipped($"{path} is not what the probe writes")
                : table.BootId != current ? Skipped("from another boot: the machine was started after the probe; `sudo clawmesh-edge board probe-pinmux` does it anew")
                : new PinmuxReadResult(table, "");
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException)
        {
            // InvalidOperation: JsonElement hands out no string for half of a surrogate pair.
            return Skipped($"{path} cannot be read: {unreadable.Message}");
        }
    }

    internal static string Hex(long number) => string.Create(CultureInfo.InvariantCulture, $"0x{number:x8}");

    private static byte[] ReadWhole(string path, int length)
    {
        using FileStream stream = File.OpenRead(path);
        var content = new byte[length];
        stream.ReadExactly(content);
        return content;
    }

    private static PinmuxReadResult Skipped(string why) => new(null, why);

    private static PinmuxTable? ReadTable(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("schema", out JsonElement schema) || schema.ValueKind != JsonValueKind.Number || !schema.TryGetInt32(out int version) || version != Schema
            || Text(root, "bootId") is not { } bootId || Text(root, "board") is not { } board || !root.TryGetProperty("pads", out JsonElement list)
            || list.ValueKind != JsonValueKind.Array || list.GetArrayLength() > MaxPads)
        {
            return null;
        }

        var pads = new List<PinmuxEntry>();
        foreach (JsonElement one in list.EnumerateArray())
        {
            if (one.ValueKind != JsonValueKind.Object || !one.TryGetProperty("pin", out JsonElement pin) || pin.ValueKind != JsonValueKind.Number || !pin.TryGetInt32(out int number)
                || Number(one, "register") is not { } address || Number(one, "value") is not { } value)
            {
                return null;
            }

            pads.Add(new PinmuxEntry(number, address, new PadRegister(value)));
        }

        return new PinmuxTable(bootId, board, pads);
    }

    private static string? Text(JsonElement item, string key) =>
        item.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static uint? Number(JsonElement item, string key) =>
        Text(item, key) is { } text && text.StartsWith("0x", StringComparison.Ordinal) && uint.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint number) ? number : null;
}

/// <param name="Table">Null when there is none for this life of the kernel.</param>
/// <param name="Why">Why there is none; empty when there is.</param>
public sealed record PinmuxReadResult(PinmuxTable? Table, string Why);
