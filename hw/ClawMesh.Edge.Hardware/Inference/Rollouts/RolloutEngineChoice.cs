using System.Globalization;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.World;

namespace ClawMesh.Edge.Hardware.Inference.Rollouts;

/// <summary>An engine that may be there.</summary>
/// <param name="Build">Null, or an <see cref="EdgeException"/>, when it is not.</param>
public sealed record EngineCandidate(string Name, Func<IRolloutEngine?> Build);

/// <summary>What came of one candidate.</summary>
/// <param name="PlanTime">For a plan over 1,024 candidates; null when it is not to be used.</param>
/// <param name="Reason">Why it is not to be used.</param>
public sealed record EngineTrial(string Name, string Device, TimeSpan? PlanTime, string? Reason, bool Taken)
{
    /// <summary>For <c>diag gpu</c> and <c>status</c>, on one line.</summary>
    public override string ToString() =>
        PlanTime is { } time
            ? string.Create(CultureInfo.InvariantCulture, $"{Name} ({Device}): {time.TotalMilliseconds:0.00} ms{(Taken ? ", taken" : "")}")
            : $"{Name}: {Reason}{(Taken ? ", taken for want of a better one" : "")}";
}

/// <param name="Engine">The fastest right one, with the slower ones behind it. The caller's to dispose.</param>
/// <param name="Trials">In the order of the candidates, the processor last.</param>
public sealed record EngineChoice(FallbackRolloutEngine Engine, IReadOnlyList<EngineTrial> Trials);

/// <summary>Which engine plans: each one there is plans the same small problem, is compared with the definitions and timed; the fastest right one is taken.</summary>
public static class RolloutEngineChoice
{
    // A driver compiles its kernel in a second or two; a GPU that hangs must not hold up the start of the node.
    private static readonly TimeSpan TrialLimit = TimeSpan.FromSeconds(10);

    /// <summary>Blocks, for a second or two where a GPU compiles its kernel. The processor's engine is always a candidate.</summary>
    /// <param name="others">Besides the processor's.</param>
    /// <param name="threads">Of the processor's engine; 0 for its own choice.</param>
    public static EngineChoice Make(DynamicsNet net, IReadOnlyList<EngineCandidate> others, TimeProvider time, int threads = 0) => Make(net, others, time, threads, TrialLimit);

    internal static EngineChoice Make(DynamicsNet net, IReadOnlyList<EngineCandidate> others, TimeProvider time, int threads, TimeSpan trialLimit)
    {
        var test = new EngineSelfTest(net, time);
        var trials = new List<EngineTrial>();
        var right = new List<TriedEngine>();
        foreach (EngineCandidate other in others)
        {
            (EngineTrial trial, IRolloutEngine? engine) = TryWithin(trialLimit, other, test);
            if (engine is not null) right.Add(new TriedEngine(engine, trial.PlanTime!.Value, trials.Count));
            trials.Add(trial);
        }

        // Whatever its trial says, it stays: it needs nothing that can be lost, and where it has no numbers the net has none.
        var processor = new CpuRolloutEngine(net, threads);
        (TimeSpan? planTime, string? reason) = test.Try(processor);
        right.Add(new TriedEngine(processor, planTime ?? TimeSpan.MaxValue, trials.Count));
        trials.Add(new EngineTrial(processor.Name, processor.Device, planTime, reason, Taken: false));

        right.Sort(static (a, b) => a.PlanTime.CompareTo(b.PlanTime));
        trials[right[0].Trial] = trials[right[0].Trial] with { Taken = true };
        return new EngineChoice(new FallbackRolloutEngine(UpTo(processor, right)), trials);
    }

    private static (EngineTrial Trial, IRolloutEngine? Engine) TryWithin(TimeSpan limit, EngineCandidate candidate, EngineSelfTest test)
    {
        (EngineTrial, IRolloutEngine?) came = default;
        // 1: the trial has ended in time; 2: nobody waits for it any more.
        int first = 0;
        var thread = new Thread(() =>
        {
            came = Try(candidate, test);
            if (Interlocked.CompareExchange(ref first, 1, 0) != 0) GiveUp(came.Item2);
        }) { IsBackground = true, Name = $"trial of {candidate.Name}" };
        thread.Start();
        _ = thread.Join(limit);
        return Interlocked.CompareExchange(ref first, 2, 0) == 1 ? came : (Unfit(candidate, $"it has not answered within {limit.TotalSeconds:0.###} s and is left alone"), null);
    }

    // At the top of a thread, where nothing may be thrown.
    private static void GiveUp(IRolloutEngine? tooLate)
    {
        try
        {
            tooLate?.Dispose();
        }
        catch (Exception)
        {
            // Its trial is reported as failed already, and it is used by nobody.
        }
    }

    /// <returns>No engine where it is not to be used; it is disposed of then.</returns>
    private static (EngineTrial Trial, IRolloutEngine? Engine) Try(EngineCandidate candidate, EngineSelfTest test)
    {
        try
        {
            if (candidate.Build() is not { } engine) return (Unfit(candidate, "not configured"), null);
            TimeSpan? time = null;
            try
            {
                (time, string? reason) = test.Try(engine);
                return (new EngineTrial(candidate.Name, engine.Device, time, reason, Taken: false), time is null ? null : engine);
            }
            finally
            {
                if (time is null) engine.Dispose();
            }
        }
        catch (EdgeException absent)
        {
            return (Unfit(candidate, $"{absent.Code}: {absent.What} {absent.Why}"), null);
        }
        catch (Exception failed)
        {
            // Whatever a foreign library leads to: the node starts without it.
            return (Unfit(candidate, $"it failed in a way it did not expect: {failed.GetType().Name}: {failed.Message}"), null);
        }
    }

    private static EngineTrial Unfit(EngineCandidate candidate, string why) => new(candidate.Name, "", null, why, Taken: false);

    // Behind the processor's engine nothing is ever tried: where that one fails the model is to blame. What is slower gives its memory back.
    private static List<IRolloutEngine> UpTo(CpuRolloutEngine processor, List<TriedEngine> fastestFirst)
    {
        var useful = new List<IRolloutEngine>();
        bool enough = false;
        foreach (TriedEngine tried in fastestFirst)
        {
            if (enough) tried.Engine.Dispose();
            else useful.Add(tried.Engine);
            enough |= tried.Engine == processor;
        }

        return useful;
    }

    private sealed record TriedEngine(IRolloutEngine Engine, TimeSpan PlanTime, int Trial);
}
