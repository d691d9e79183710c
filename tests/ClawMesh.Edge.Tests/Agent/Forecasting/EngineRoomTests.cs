using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Agent.Forecasting;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.Hardware.Inference;

namespace ClawMesh.Edge.Tests.Agent.Forecasting;

public sealed class EngineRoomTests
{
    private static readonly ModelManifest Ours = ShippedModel.Load().Manifest;

    [Fact]
    public void The_shipped_model_runs_on_the_processor_where_nothing_else_is_looked_for()
    {
        EngineRoom room = EngineRoom.Open(ModelChoice.Default with { Cuda = false }, TimeProvider.System);
        using (room.Engine)
        {
            Assert.Equal("cpu", room.Engine.Name);
            Assert.Contains("taken", Assert.Single(room.Trials), StringComparison.Ordinal);
            Assert.Empty(room.Skipped);
        }
    }

    [Fact]
    public void A_gpu_that_is_not_there_is_passed_over_with_the_reason()
    {
        EngineRoom room = EngineRoom.Open(ModelChoice.Default with { CudaLibrary = "/nowhere/libcuda.so.1" }, TimeProvider.System);
        using (room.Engine) Assert.Contains("/nowhere/libcuda.so.1", Assert.Single(room.Skipped), StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_file_without_a_manifest_is_refused()
    {
        var refused = Assert.Throws<EdgeException>(() => EngineRoom.Open(ModelChoice.Default with { File = "/nowhere/soil.onnx" }, TimeProvider.System));

        Assert.Equal(("model.no_manifest", FailureClass.Model), (refused.Code, refused.FailureClass));
    }

    [Fact]
    public void A_model_of_other_steps_or_other_fields_would_be_believed_all_the_same_and_is_refused()
    {
        Assert.Null(EngineRoom.Unfit(Ours, Ours));
        Assert.Contains("15 minutes", EngineRoom.Unfit(Ours with { StepMinutes = 15 }, Ours), StringComparison.Ordinal);
        Assert.Contains("12 steps", EngineRoom.Unfit(Ours with { Steps = 12 }, Ours), StringComparison.Ordinal);
        Assert.Contains("'moisture'", EngineRoom.Unfit(WithFields([.. Ours.Inputs[0].Fields.Skip(1), Ours.Inputs[0].Fields[0]]), Ours), StringComparison.Ordinal);
        Assert.Contains("'missing'", EngineRoom.Unfit(WithFields([.. Ours.Inputs[0].Fields.Take(15)]), Ours), StringComparison.Ordinal);
        Assert.Contains("17 fields", EngineRoom.Unfit(WithFields([.. Ours.Inputs[0].Fields, Ours.Inputs[0].Fields[0]]), Ours), StringComparison.Ordinal);
        Assert.Contains("horizons", EngineRoom.Unfit(Ours with { Outputs = [Ours.Outputs[0] with { Horizons = [] }] }, Ours), StringComparison.Ordinal);
    }

    private static ModelManifest WithFields(IReadOnlyList<ModelField> fields) => Ours with { Inputs = [Ours.Inputs[0] with { Fields = fields }, Ours.Inputs[1]] };
}
