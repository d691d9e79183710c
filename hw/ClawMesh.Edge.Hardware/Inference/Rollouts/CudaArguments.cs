using System.Runtime.InteropServices;
using ClawMesh.Edge.Core.World;

namespace ClawMesh.Edge.Hardware.Inference.Rollouts;

/// <summary><c>struct rollout_arguments</c> of rollout.cu: addresses of the device, then words of four bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CudaRolloutArguments
{
    public ulong Net;
    public ulong Problem;
    public ulong States;
    public ulong Actions;
    public ulong Costs;
    public ulong Moisture;
    public int Steps;
    public int Count;
    public int Given;
    public int Levels;
    public uint Seed;
    public float Scale;
    public float Offset;
    public float MaxFraction;
    public float LitresPerHour;
    public float BudgetLitres;
    public float BandLinear;
    public float BandSquared;
    public float Litre;
    public float Start;
    public float OverBudget;

    public static CudaRolloutArguments For(RolloutProblem problem) => new()
    {
        Steps = problem.Steps,
        Count = problem.Candidates,
        Given = problem.Given.Length / problem.Steps,
        Levels = problem.Levels,
        Seed = problem.Seed,
        Scale = problem.MoistureScale,
        Offset = problem.MoistureOffset,
        MaxFraction = problem.MaxFraction,
        LitresPerHour = problem.LitresPerHour,
        BudgetLitres = problem.BudgetLitres,
        BandLinear = problem.Weights.BandLinear,
        BandSquared = problem.Weights.BandSquared,
        Litre = problem.Weights.Litre,
        Start = problem.Weights.Start,
        OverBudget = problem.Weights.OverBudget,
    };
}

/// <summary><c>struct best_arguments</c> of rollout.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CudaBestArguments
{
    public ulong Costs;
    public ulong Moisture;
    public ulong Best;
    public int Steps;
    public int Count;
    public int Wanted;
}
