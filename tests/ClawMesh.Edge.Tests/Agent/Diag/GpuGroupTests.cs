using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Agent.Diag;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Inference.Onnx;

namespace ClawMesh.Edge.Tests.Agent.Diag;

public sealed class GpuGroupTests
{
    private static readonly ModelChoice Missing = ModelChoice.Default with { File = "/nowhere/soil.onnx" };
    private static readonly ModelChoice NoRuntime = ModelChoice.Default with { Runtime = new OrtOptions { Library = "/nowhere/libonnxruntime.so.1" } };

    [Fact]
    public void The_shipped_model_answers_its_golden_question()
    {
        CheckOutcome model = GpuGroup.Model(ModelChoice.Default);

        Assert.Equal(CheckStatus.Pass, model.Status);
        Assert.Contains("golden", model.Summary, StringComparison.Ordinal);
    }

    [Fact]
    public void A_configured_model_that_is_not_there_fails_with_a_fix()
    {
        CheckOutcome model = GpuGroup.Model(Missing), engines = GpuGroup.Engines(Missing, TimeProvider.System);

        Assert.Equal((CheckStatus.Fail, FailureClass.Model), (model.Status, model.FailureClass));
        Assert.Equal((CheckStatus.Fail, FailureClass.Model), (engines.Status, engines.FailureClass));
    }

    [Fact]
    public void Onnx_runtime_is_looked_for_where_it_is_needed_only()
    {
        Assert.Equal(CheckStatus.Skip, GpuGroup.Runtime(ModelChoice.Default).Status);
        CheckOutcome missing = GpuGroup.Runtime(NoRuntime);
        Assert.Equal((CheckStatus.Fail, FailureClass.Model), (missing.Status, missing.FailureClass));
        Assert.Contains(missing.Details, d => d.Contains("/nowhere/libonnxruntime.so.1", StringComparison.Ordinal));
    }

    [Fact]
    public void Each_engine_that_is_not_used_is_named_with_the_reason_and_the_one_that_is_with_its_time()
    {
        CheckOutcome engines = GpuGroup.Engines(NoRuntime with { Cuda = false }, TimeProvider.System);

        Assert.Equal(CheckStatus.Pass, engines.Status);
        Assert.Contains("cpu", engines.Summary, StringComparison.Ordinal);
        Assert.Contains(engines.Details, d => d.StartsWith("onnx: model.no_runtime", StringComparison.Ordinal));
        Assert.Contains(engines.Details, d => d.EndsWith("ms, taken", StringComparison.Ordinal));
    }
}
