using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace ClawMesh.Edge.BootRig;

/// <summary>What a command in the guest said. <see cref="EndedAt"/> is the guest's clock at its end.</summary>
internal sealed record GuestAnswer(int Status, IReadOnlyList<string> Lines, TimeSpan EndedAt)
{
    public string Text => string.Join('\n', Lines);

    public string FirstLine => Lines.Count > 0 ? Lines[0] : "";
}

/// <summary>The root shell on the guest's ttyS1: one request a line, one at a time.</summary>
internal sealed class GuestShell(Stream wire)
{
    private readonly BlockingCollection<string> _lines = [];

    /// <summary>Hears every line at once, also one whose request never ends.</summary>
    public Action<string>? Heard { get; set; }

    private int _id;

    /// <summary>The shell says once by itself that it is there.</summary>
    public GuestAnswer? AwaitBoot(TimeSpan limit) => Await("boot", limit);

    /// <summary>Null when no answer came in time, or the guest is gone.</summary>
    public GuestAnswer? TryRun(string command, TimeSpan limit)
    {
        string id = $"c{++_id}";
        try
        {
            wire.Write(Encoding.UTF8.GetBytes($"{id} {command}\n"));
            wire.Flush();
        }
        catch (IOException)
        {
            return null;
        }

        return Await(id, limit);
    }

    public GuestAnswer Run(string command, TimeSpan? limit = null) =>
        TryRun(command, limit ?? TimeSpan.FromSeconds(30)) ?? throw new RigException($"the guest did not answer: {command}");

    public void Add(string? line)
    {
        if (line is null)
        {
            _lines.CompleteAdding();
            return;
        }

        Heard?.Invoke(line);
        _lines.Add(line);
    }

    private GuestAnswer? Await(string id, TimeSpan limit)
    {
        var said = new List<string>();
        long began = Stopwatch.GetTimestamp();
        while (true)
        {
            TimeSpan left = limit - Stopwatch.GetElapsedTime(began);
            if (left <= TimeSpan.Zero || !_lines.TryTake(out string? line, left)) return null;
            string[] parts = line.Split(' ');
            if (parts is not ["RC", _, _, _])
            {
                said.Add(line);
                continue;
            }

            // An earlier request that nobody waited for any more.
            if (parts[1] != id)
            {
                said.Clear();
                continue;
            }

            return new GuestAnswer(int.Parse(parts[2], CultureInfo.InvariantCulture), said, TimeSpan.FromSeconds(double.Parse(parts[3], CultureInfo.InvariantCulture)));
        }
    }
}
