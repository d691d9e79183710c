using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.Hardware.Inference.Rollouts;

namespace ClawMesh.Edge.Tests.Hardware.Inference.Rollouts;

public sealed class FallbackRolloutEngineTests
{
    private static readonly RolloutProblem Problem = RolloutCases.Problem(1, RolloutCases.Net(1));

    private readonly ScriptedRolloutEngine _first = new("cuda");
    private readonly ScriptedRolloutEngine _second = new("onnx");
    private readonly ScriptedRolloutEngine _last = new("cpu");
    private readonly List<EngineFallback> _told = [];

    [Fact]
    public void The_next_engine_takes_over_for_good_and_it_is_said_once()
    {
        FallbackRolloutEngine engine = Engine();
        _first.OnPlan = _ => throw ScriptedRolloutEngine.Lost;

        Assert.NotEmpty(engine.Plan(Problem));
        Assert.NotEmpty(engine.Plan(Problem));

        Assert.Equal(("onnx", "onnx device"), (engine.Name, engine.Device));
        Assert.Equal((1, 2), (_first.Plans, _second.Plans));
        EngineFallback told = Assert.Single(_told);
        Assert.Equal(("cuda", "onnx", "gpu.lost"), (told.From, told.To, told.Why.Code));
    }

    [Fact]
    public void Two_failures_in_one_plan_lead_to_the_third_engine()
    {
        FallbackRolloutEngine engine = Engine();
        _first.OnPlan = _ => throw ScriptedRolloutEngine.Lost;
        _second.OnPlan = _ => throw ScriptedRolloutEngine.Lost;

        Assert.NotEmpty(engine.Plan(Problem));

        Assert.Equal("cpu", engine.Name);
        Assert.Equal(["cuda>onnx", "onnx>cpu"], _told.Select(t => $"{t.From}>{t.To}"));
    }

    [Fact]
    public void An_engine_without_numbers_is_left_when_the_next_one_has_them()
    {
        FallbackRolloutEngine engine = Engine();
        _first.OnPlan = _ => throw ScriptedRolloutEngine.NotANumber;

        Assert.NotEmpty(engine.Plan(Problem));

        Assert.Equal("onnx", engine.Name);
        Assert.Equal("model.not_a_number", Assert.Single(_told).Why.Code);
    }

    [Fact]
    public void A_question_that_nobody_can_answer_costs_no_engine_its_place()
    {
        FallbackRolloutEngine engine = Engine();
        foreach (ScriptedRolloutEngine each in new[] { _first, _second, _last }) each.OnPlan = _ => throw ScriptedRolloutEngine.NotANumber;

        Assert.Equal("model.not_a_number", Assert.Throws<EdgeException>(() => engine.Plan(Problem)).Code);

        Assert.Equal("cuda", engine.Name);
        Assert.Empty(_told);
    }

    [Fact]
    public void A_gpu_lost_over_such_a_question_is_left_all_the_same()
    {
        FallbackRolloutEngine engine = Engine();
        _first.OnPlan = _ => throw ScriptedRolloutEngine.Lost;
        foreach (ScriptedRolloutEngine each in new[] { _second, _last }) each.OnPlan = _ => throw ScriptedRolloutEngine.NotANumber;

        Assert.Throws<EdgeException>(() => engine.Plan(Problem));

        Assert.Equal("onnx", engine.Name);
    }

    [Fact]
    public void A_forecast_without_numbers_is_asked_of_the_next_engine()
    {
        FallbackRolloutEngine engine = Engine();
        _first.OnRoll = moisture => Array.Fill(moisture, float.NaN);
        var moisture = new float[2];

        engine.Roll(new float[16], new float[16], 2, moisture);

        Assert.Equal([0.5f, 0.5f], moisture);
        Assert.Equal("onnx", engine.Name);
    }

    [Fact]
    public void Numbers_that_no_engine_has_are_passed_on_as_they_are()
    {
        FallbackRolloutEngine engine = Engine();
        foreach (ScriptedRolloutEngine each in new[] { _first, _second, _last }) each.OnRoll = moisture => Array.Fill(moisture, float.NaN);
        var moisture = new float[2];

        engine.Roll(new float[16], new float[16], 2, moisture);

        Assert.All(moisture, m => Assert.True(float.IsNaN(m)));
        Assert.Equal("cuda", engine.Name);
        Assert.Empty(_told);
    }

    [Fact]
    public void All_engines_are_disposed_of_together()
    {
        FallbackRolloutEngine engine = Engine();
        _first.OnPlan = _ => throw ScriptedRolloutEngine.Lost;
        engine.Plan(Problem);

        engine.Dispose();

        Assert.All(new[] { _first, _second, _last }, e => Assert.True(e.IsDisposed));
    }

    private FallbackRolloutEngine Engine()
    {
        var engine = new FallbackRolloutEngine([_first, _second, _last]);
        engine.FellBack += _told.Add;
        return engine;
    }
}
