using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.World;

namespace ClawMesh.Edge.Hardware.Inference.Rollouts;

/// <summary>The sizes that the engines take; whoever asks for others is wrong in the program, not in the world.</summary>
internal static class RolloutBounds
{
    /// <summary>A week of hours.</summary>
    public const int MaxSteps = 168;

    public const int MaxCandidates = 65_536;

    public const int MaxBest = 64;

    // The first four columns of an action are its quarters of an hour.
    private const int Quarters = 4;

    /// <exception cref="ArgumentException">The problem does not fit the net, or is out of bounds.</exception>
    public static void Check(RolloutProblem problem, ModelSizes net)
    {
        int steps = problem.Steps;
        if (steps is < 1 or > MaxSteps) throw Unfit($"{steps} steps; 1 to {MaxSteps} are allowed");
        if (problem.Candidates is < 1 or > MaxCandidates) throw Unfit($"{problem.Candidates} candidates; 1 to {MaxCandidates} are allowed");
        if (problem.Best is < 1 or > MaxBest) throw Unfit($"{problem.Best} best; 1 to {MaxBest} are allowed");
        if (problem.Levels < 1) throw Unfit($"{problem.Levels} levels; at least 1 is allowed");
        if (net.ActionSize < Quarters) throw Unfit($"actions of {net.ActionSize}; a plan needs at least {Quarters}");
        if (problem.State.Length != net.StateSize) throw Unfit($"a state of {problem.State.Length}; the net's has {net.StateSize}");
        if (problem.Known.Length != steps * net.ActionSize) throw Unfit($"{problem.Known.Length} known numbers; {steps * net.ActionSize} are needed");
        if (problem.Allowed.Length != steps || problem.LowPercent.Length != steps || problem.HighPercent.Length != steps) throw Unfit($"a band that does not cover {steps} steps");
        if (problem.Given.Length % steps != 0 || problem.Given.Length / steps > problem.Candidates) throw Unfit($"{problem.Given.Length} given fractions for {steps} steps");
    }

    /// <exception cref="ArgumentException">The spans do not fit each other.</exception>
    /// <returns>How many rows.</returns>
    public static int Check(ModelSizes net, int states, int actions, int steps, int moisture)
    {
        if (steps is < 1 or > MaxSteps) throw Unfit($"{steps} steps; 1 to {MaxSteps} are allowed");
        int rows = states / net.StateSize;
        if (rows > MaxCandidates) throw Unfit($"{rows} rows; at most {MaxCandidates} are allowed");
        if (states != rows * net.StateSize || actions != rows * steps * net.ActionSize || moisture != rows * steps) throw Unfit($"{states} numbers of states, {actions} of actions and {moisture} of moisture for {steps} steps");
        return rows;
    }

    public static EdgeException NotANumber(string engine) => new(
        "model.not_a_number",
        "Could not make a plan.",
        $"No candidate had a cost that is a number (engine '{engine}').",
        "Check the model's file with `model check`, and the sensors the state is made of.",
        FailureClass.Model);

    // A text is made only for the one who needs it: these checks are on the way of every plan.
    private static ArgumentException Unfit(string what) => new($"The rollout problem has {what}.");
}
