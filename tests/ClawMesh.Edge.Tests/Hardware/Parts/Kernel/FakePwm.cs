using System.Globalization;
using ClawMesh.Edge.Hardware.Parts.Kernel;
using ClawMesh.Edge.Native.Linux;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Hardware.Parts.Kernel;

/// <summary>
/// A PWM controller on plain files that refuses what the kernel refuses (drivers/pwm/core.c and sysfs.c of 6.1), and writes down
/// every change. It watches the line: a step that energises it is in <see cref="Levels"/>.
/// </summary>
internal sealed class FakePwm : IPwmFiles
{
    private readonly ScratchDirectory _root;
    private readonly string _chip;
    private readonly int _channels;

    public FakePwm(ScratchDirectory root, string device = "3280000.pwm", int number = 0, int channels = 1)
    {
        (_root, _channels) = (root, channels);
        string directory = $"sys/devices/platform/bus@0/{device}";
        _chip = root.At($"{directory}/pwm/pwmchip{number}");
        root.Put($"{directory}/pwm/pwmchip{number}/npwm", $"{channels}\n");
        Directory.CreateSymbolicLink(Path.Combine(_chip, "device"), root.At(directory));
        Directory.CreateDirectory(root.At("sys/class/pwm"));
        Directory.CreateSymbolicLink(root.At($"sys/class/pwm/pwmchip{number}"), _chip);
        Directory.CreateDirectory(root.At("sys/bus/platform/devices"));
        Directory.CreateSymbolicLink(root.At($"sys/bus/platform/devices/{device}"), root.At(directory));
    }

    /// <summary><c>file=text</c> of every write the kernel took, in order.</summary>
    public List<string> Taken { get; } = [];

    /// <summary>The share of time the line is high after each write; NaN while nobody drives it.</summary>
    public List<double> Levels { get; } = [];

    /// <summary>A driver of the kernel holds the channels.</summary>
    public bool HeldByKernel { get; set; }

    public bool HasPolarity { get; set; } = true;

    public long ShortestPeriod { get; set; } = 1;

    /// <summary>So many writes to a channel are refused, as they are until udev has changed its group.</summary>
    public int Denied { get; set; }

    public string Channel => Path.Combine(_chip, "pwm0");

    public string Text(string file) => File.ReadAllText(Path.Combine(Channel, file)).Trim();

    /// <summary>As an earlier life left it.</summary>
    public void Leave(long period, long duty, bool enabled, string polarity = "normal")
    {
        Directory.CreateDirectory(Channel);
        foreach ((string file, object value) in new (string, object)[] { ("period", period), ("duty_cycle", duty), ("enable", enabled ? 1 : 0), ("polarity", polarity) })
            File.WriteAllText(Path.Combine(Channel, file), $"{value}\n");
    }

    public string Read(string path) => File.ReadAllText(path).Trim();

    public void Write(string path, string text)
    {
        string file = Path.GetFileName(path);
        if (file == "export") Export(text);
        else Change(file, text);
        Taken.Add($"{file}={text}");
        Levels.Add(Level());
    }

    private void Export(string text)
    {
        if (HeldByKernel || Directory.Exists(Channel)) throw Error(Errno.Ebusy);
        if (int.Parse(text, CultureInfo.InvariantCulture) >= _channels) throw Error(Errno.Enodev);
        Leave(0, 0, enabled: false);
    }

    private void Change(string file, string text)
    {
        if (!Directory.Exists(Channel)) throw new DirectoryNotFoundException();
        if (Denied-- > 0) throw new UnauthorizedAccessException("Access to the path is denied.");
        (long period, long duty, bool enabled) = (Number("period"), Number("duty_cycle"), Number("enable") != 0);
        if (file == "polarity")
        {
            if (period == 0 || !HasPolarity) throw Error(Errno.Einval);
            if (enabled) throw Error(Errno.Ebusy);
        }
        else
        {
            long number = long.Parse(text, CultureInfo.InvariantCulture);
            if (file == "period") period = number;
            if (file == "duty_cycle") duty = number;
            if (period < ShortestPeriod || duty > period) throw Error(Errno.Einval);
        }

        File.WriteAllText(Path.Combine(Channel, file), text + "\n");
    }

    private double Level()
    {
        if (!Directory.Exists(Channel) || Number("enable") == 0) return double.NaN;
        double ratio = (double)Number("duty_cycle") / Number("period");
        return Text("polarity") == "inversed" ? 1 - ratio : ratio;
    }

    private long Number(string file) => long.Parse(Text(file), CultureInfo.InvariantCulture);

    private static IOException Error(int error) => new($"errno {error}", error);
}
