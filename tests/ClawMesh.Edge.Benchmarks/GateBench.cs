using System.Diagnostics;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Time;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Trust;
using ClawMesh.Edge.Trust.Desk;
using EventLog = ClawMesh.Edge.Core.Lifecycle.EventLog;

namespace ClawMesh.Edge.Benchmarks;

/// <summary>
/// The gate back to back, on the real clock, with a journal and an output in memory: the desk's own readings around both judgements,
/// minting and arming, and redeeming measured at the output. JIT, Release; the same figure of the AOT binary, with cold caches between
/// real commands, comes from its status in <see cref="ActuationBench"/>.
/// </summary>
internal static class GateBench
{
    private const int Warmup = 3_000;
    private const int Count = 1_000;

    public static async Task RunAsync(FigureTable table)
    {
        TimeProvider time = TimeProvider.System;
        var self = new NodeId(new string('a', NodeId.Length));
        var valve = new ActuatorId("actuator:valve:V1");
        var journal = new InMemoryJournal(time);
        var output = new ScriptedActuator(valve, OutputValue.Inactive, time);
        OutputPolicy policy = PermitDesk.OpenPolicy(valve) with { RatePerMinute = int.MaxValue };
        await using var desk = new ActuationDesk(
            self, [((IActuator)output, policy)], journal, journal, new TestReadings(time), new TestReadiness(), new TestClock(), new EventLog(time), new Deaf(), time,
            new DeskOptions { MeshId = () => "mesh" }, () => null, safetyThreads: null);
        await desk.RecoverAsync([], CancellationToken.None);
        var whole = new Samples();
        var judge = new Samples();
        for (int i = 0; i < Warmup + Count; i++)
        {
            ForwardMessage open = Command(self, valve, $"o{i}", "open", time);
            long start = Stopwatch.GetTimestamp();
            _ = desk.WireGate.Judge(open);
            long judged = Stopwatch.GetTimestamp();
            ActuationAnswer answer = await desk.RequestAsync(new ActuationRequest(open, Caller.Operator("operator:bench")), CancellationToken.None);
            long end = Stopwatch.GetTimestamp();
            if (answer.Outcome != ActuationOutcome.Done) throw new InvalidOperationException($"bench: {answer.Code} {answer.Message}");
            await desk.RequestAsync(new ActuationRequest(Command(self, valve, $"c{i}", "close", time), Caller.Operator("operator:bench")), CancellationToken.None);
            if (i < Warmup) continue;
            judge.Add(Stopwatch.GetElapsedTime(start, judged).TotalMicroseconds);
            whole.Add(Stopwatch.GetElapsedTime(judged, end).TotalMicroseconds);
        }

        LatencyFigures gate = desk.GateLatency;
        table.Add("wire gate alone, [W-97] rows 1–6 (JIT)", $"p50 {judge.Percentile(50):0.0} µs, p99 {judge.Percentile(99):0.0} µs", "", null);
        table.Add(
            $"judge twice + mint + arm, journal excluded, back to back (JIT, {gate.Count} commands)",
            $"p50 {gate.P50Microseconds:0.0} µs, p99 {gate.P99Microseconds:0.0} µs", "p99 ≤ 20 µs", gate.P99Microseconds <= 20);
        table.Add("a whole request, journal and output in memory (JIT)", $"p50 {whole.Percentile(50):0.0} µs, p99 {whole.Percentile(99):0.0} µs", "", null);
    }

    private static ForwardMessage Command(NodeId self, ActuatorId valve, string id, string operation, TimeProvider time) => ForwardMessage.For(
        CommandEnvelope.Create(id, time.GetUtcNow().ToUnixTimeMilliseconds(), self.Value, "field", valve.Value, operation, null, PermitDesk.GoodTrust, null), "operator-cli");

    private sealed class Deaf : IActuationListener
    {
        public void Finished(ActuationAnswer answer)
        {
        }

        public void StateChanged(OutputStateChange change)
        {
        }
    }
}
