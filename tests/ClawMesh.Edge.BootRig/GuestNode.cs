using System.Diagnostics;
using System.Globalization;

namespace ClawMesh.Edge.BootRig;

/// <summary>The node in the guest, as somebody at its local socket sees it. Every command it answered with a record is noted the moment the host hears it.</summary>
internal sealed class GuestNode
{
    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(100);

    private readonly Machine _machine;

    /// <param name="acknowledged">Gets what was answered; complete once the machine was cut off or no command is under way.</param>
    public GuestNode(Machine machine, List<Acknowledged> acknowledged)
    {
        _machine = machine;
        machine.Shell.Heard = line =>
        {
            if (JournalCheck.Answer(line) is not { } one) return;
            lock (acknowledged) acknowledged.Add(one);
        };
    }

    /// <summary>Waits until it answers. The guest's clock then; null when it did not come in time.</summary>
    public TimeSpan? AwaitReady(TimeSpan limit)
    {
        long began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began) < limit)
        {
            GuestAnswer? answer = _machine.Shell.TryRun("call mesh.status > /dev/null 2>&1", CallLimit);
            if (answer is null) return null;
            if (answer.Status == 0) return answer.EndedAt;
            Thread.Sleep(Pace);
        }

        return null;
    }

    /// <summary>Sends one command.</summary>
    /// <returns>The answer's line; empty when none came.</returns>
    public string Act(string target, string operation, int seconds = 60)
    {
        string id = $"rig-{Guid.NewGuid():N}";
        return _machine.Shell.TryRun(string.Create(CultureInfo.InvariantCulture, $"act {target} {operation} {seconds} {id}"), CallLimit)?.Text ?? "";
    }

    /// <summary>Sends commands as fast as they are answered, until the machine is cut off.</summary>
    public void Burst(string one, string other)
    {
        string id = $"rig-{Guid.NewGuid():N}";
        _machine.Shell.TryRun($"n=0; while :; do for target in {one} {other}; do n=$((n + 1)); act $target open 5 {id}-$n; n=$((n + 1)); act $target close 5 {id}-$n; done; done", TimeSpan.FromMinutes(1));
    }

    /// <summary>As <see cref="Act"/>, and it must be done.</summary>
    public void MustAct(string target, string operation, int seconds = 60)
    {
        string answer = Act(target, operation, seconds);
        if (!answer.Contains("\"outcome\":\"done\"", StringComparison.Ordinal)) throw new RigException($"{operation} {target}: {answer}");
    }
}
