using System.Buffers.Text;
using System.Globalization;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Readings;
using Microsoft.Win32.SafeHandles;

namespace ClawMesh.Edge.Hardware.Host;

/// <summary>Reads the small text files of sysfs and procfs and says properly what is wrong when one cannot be read.</summary>
internal static class KernelFile
{
    // asm-generic/errno-base.h: what sysfs answers when the device behind a file has gone.
    private const int Enxio = 6;
    private const int Enodev = 19;

    // What it answers while the device behind a file has no power or the channel is disabled (errno-base.h, errno.h).
    private const int Eagain = 11;
    private const int Enodata = 61;

    /// <summary>Reads the beginning of a file into <paramref name="buffer"/> and returns the part that was filled.</summary>
    /// <exception cref="EdgeException"><c>host.sensor_gone</c> (device_absent), <c>host.read_failed</c> (bus_io).</exception>
    internal static ReadOnlySpan<byte> Read(SensorId sensor, string path, Span<byte> buffer)
    {
        try
        {
            using SafeFileHandle file = File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete);
            int total = 0;
            while (total < buffer.Length)
            {
                // seq_file hands out a page or less at a time, whatever is asked for.
                int read = RandomAccess.Read(file, buffer[total..], total);
                if (read == 0) break;
                total += read;
            }

            return buffer[..total];
        }
        catch (Exception gone) when (gone is FileNotFoundException or DirectoryNotFoundException || (gone is IOException && gone.HResult is Enxio or Enodev))
        {
            throw Gone(sensor, path, gone);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Failed(sensor, path, failure.Message, failure);
        }
    }

    /// <summary>A file that holds one whole number.</summary>
    /// <exception cref="EdgeException"><c>host.sensor_gone</c> (device_absent), <c>host.read_failed</c> (bus_io).</exception>
    internal static long ReadNumber(SensorId sensor, string path)
    {
        ReadOnlySpan<byte> text = Read(sensor, path, stackalloc byte[64]).Trim("\n\t "u8);
        if (Utf8Parser.TryParse(text, out long number, out int consumed) && consumed == text.Length) return number;
        throw Failed(sensor, path, $"It holds '{System.Text.Encoding.ASCII.GetString(text)}', which is not a whole number.");
    }

    /// <summary>A file that holds one whole number; NaN while what it measures is switched off.</summary>
    /// <exception cref="EdgeException"><c>host.sensor_gone</c> (device_absent), <c>host.read_failed</c> (bus_io).</exception>
    internal static double ReadNumberOrOff(SensorId sensor, string path)
    {
        try
        {
            return ReadNumber(sensor, path);
        }
        catch (EdgeException failure) when (MeansOff(failure.InnerException))
        {
            return double.NaN;
        }
    }

    /// <summary>Whether a failed read says that the device is switched off rather than broken.</summary>
    internal static bool MeansOff(Exception? failure) => failure is IOException { HResult: Eagain or Enodata };

    /// <summary>The whole number of a small file, or null; what follows a blank, such as a unit, is not looked at.</summary>
    internal static long? TryReadNumber(string path) =>
        TryReadText(path) is { } text && long.TryParse(text.AsSpan(0, text.IndexOf(' ', StringComparison.Ordinal) is >= 0 and int blank ? blank : text.Length), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) ? number : null;

    /// <summary>The number after <paramref name="label"/>, e.g. <c>MemFree:</c>, in a text of several lines.</summary>
    /// <exception cref="EdgeException"><c>host.read_failed</c>: the label or its number is not there.</exception>
    internal static double NumberAfter(SensorId sensor, string path, ReadOnlySpan<byte> text, ReadOnlySpan<byte> label)
    {
        int at = text.IndexOf(label);
        if (at >= 0 && TryTakeNumber(text[(at + label.Length)..], out double number, out _)) return number;
        throw Failed(sensor, path, $"There is no number after '{System.Text.Encoding.ASCII.GetString(label)}'.");
    }

    /// <summary>Skips blanks and takes one decimal number.</summary>
    internal static bool TryTakeNumber(ReadOnlySpan<byte> text, out double number, out int consumed)
    {
        int blanks = 0;
        while (blanks < text.Length && text[blanks] is (byte)' ' or (byte)'\t') blanks++;
        bool found = Utf8Parser.TryParse(text[blanks..], out number, out int digits);
        consumed = blanks + digits;
        return found;
    }

    /// <summary>The trimmed text of a small file such as a label, or null.</summary>
    internal static string? TryReadText(string path)
    {
        try
        {
            string text = File.ReadAllText(path).Trim();
            return text.Length == 0 ? null : text;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The names in a directory, in an order that does not change between starts; empty when there is none.</summary>
    internal static IReadOnlyList<string> Names(string directory)
    {
        try
        {
            return [.. Directory.EnumerateFileSystemEntries(directory).Select(entry => Path.GetFileName(entry)!).OrderBy(name => name.Length).ThenBy(name => name, StringComparer.Ordinal)];
        }
        catch (Exception absent) when (absent is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    internal static EdgeException Failed(SensorId sensor, string path, string why, Exception? inner = null) => new(
        "host.read_failed",
        what: $"Could not read '{sensor}' from '{path}'.",
        why,
        fix: "Look at the kernel log for the driver of this device; `clawmesh-edge diag io` reads it again.",
        failureClass: FailureClass.BusIo,
        inner);

    private static EdgeException Gone(SensorId sensor, string path, Exception inner) => new(
        "host.sensor_gone",
        what: $"Could not read '{sensor}'.",
        why: $"'{path}' is no longer there: the device was unplugged or its driver unloaded.",
        fix: "Plug it in again or load its driver, then restart the node; host sensors are looked for at start.",
        failureClass: FailureClass.DeviceAbsent,
        inner);
}
