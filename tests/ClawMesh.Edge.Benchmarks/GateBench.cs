using System.Diagnostics;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Benchmarks;

/// <summary>
/// Judge, mint and redeem with a journal in memory and an output in memory. Measured around the whole request, so decision and
/// outcome bodies, events and the answer are inside the figure: an upper bound. JIT, Release; the AOT binary has no in-process door.
/// </summary>
internal static class GateBench
{
    private const int Warmup = 5_000;
    private const int Count = 20_000;

    public static async Task RunAsync(FigureTable table)
    {
        await using var desk = new PermitDesk();
        var whole = new Samples();
        var judge = new Samples();
        for (int i = 0; i < Warmup + Count; i++)
        {
            // The limits look back over an hour and a minute: time moves on between two commands.
            desk.Time.Advance(TimeSpan.FromSeconds(2));
            CommandEnvelope command = desk.Command(seconds: 1);
            var message = ForwardMessage.For(command, "operator-cli");
            long start = Stopwatch.GetTimestamp();
            _ = desk.Desk.WireGate.Judge(message);
            long judged = Stopwatch.GetTimestamp();
            ActuationAnswer answer = await desk.Desk.RequestAsync(new ActuationRequest(message, Caller.Operator("operator:bench")), CancellationToken.None);
            long end = Stopwatch.GetTimestamp();
            if (answer.Outcome != ActuationOutcome.Done) throw new InvalidOperationException($"bench: {answer.Code} {answer.Message}");
            await desk.AskAsync(desk.Command("close"));
            if (i < Warmup) continue;
            judge.Add(Stopwatch.GetElapsedTime(start, judged).TotalMicroseconds);
            whole.Add(Stopwatch.GetElapsedTime(judged, end).TotalMicroseconds);
        }

        table.Add("wire gate alone, [W-97] rows 1–6 (JIT)", $"p50 {judge.Percentile(50):0.0} µs, p99 {judge.Percentile(99):0.0} µs", "", null);
        table.Add("judge + mint + redeem, journal excluded; whole request (JIT)", $"p50 {whole.Percentile(50):0.0} µs, p99 {whole.Percentile(99):0.0} µs", "p99 ≤ 20 µs", whole.Percentile(99) <= 20);
    }
}
