using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Jetson;

namespace ClawMesh.Edge.Agent.Diag;

/// <summary>Which watchdogs the kernel has (Documentation/ABI/testing/sysfs-class-watchdog). Who feeds one, it does not tell.</summary>
internal static class WatchdogCheck
{
    /// <summary>L4T's own setting, in seconds: a machine that hangs stays so that long.</summary>
    private const long Slow = 120;

    public static CheckOutcome Run(JetsonFacts facts, DiagHost host)
    {
        Dog[] dogs = [.. DiagText.Entries(host.At("sys/class/watchdog"), "watchdog").Select(directory => new Dog(
            Path.GetFileName(directory),
            DiagText.Read(Path.Combine(directory, "identity")) ?? "",
            DiagText.Read(Path.Combine(directory, "state")) ?? "",
            DiagText.ReadNumber(Path.Combine(directory, "timeout"))))];
        if (dogs.Length == 0)
        {
            return facts.IsJetson
                ? CheckOutcome.Warn(FailureClass.Infra, "no hardware watchdog: a machine that hangs stays so", "`dmesg | grep -i wdt` says why its driver is not there; in a container, mount /sys and pass /dev/watchdog0.")
                : CheckOutcome.Skip("the kernel shows no hardware watchdog");
        }

        string text = string.Join(", ", dogs.Select(d => d.Text));
        CheckOutcome outcome = facts.IsJetson && Array.Find(dogs, d => d.State == "active" && d.Timeout >= Slow) is { } late
            ? CheckOutcome.Warn(FailureClass.Infra, $"{late.Name} waits {late.Timeout} s before it restarts a machine that hangs", "If systemd feeds it: RuntimeWatchdogSec=30 in /etc/systemd/system.conf, then `sudo systemctl daemon-reexec`.").Because(text)
            : CheckOutcome.Pass(text).Because(dogs.Any(d => d.State == "active") ? "somebody feeds it; who, the kernel does not tell" : "nobody feeds it");
        return outcome.With("watchdogs", dogs.Length).With("active", dogs.Count(d => d.State == "active"));
    }

    private sealed class Dog(string name, string identity, string state, long? timeout)
    {
        public string Name => name;

        public string Identity => identity;

        public string State => state;

        public long? Timeout => timeout;

        public string Text => $"{Name}{(Identity.Length > 0 ? $" ({Identity})" : "")}{(State.Length > 0 ? $" {State}" : "")}{(Timeout is { } seconds ? $", {seconds} s" : "")}";
    }
}
