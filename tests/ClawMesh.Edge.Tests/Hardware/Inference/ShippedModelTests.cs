using System.Security.Cryptography;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.Hardware.Inference;
using ClawMesh.Edge.Hardware.Inference.Onnx;
using ClawMesh.Edge.Tests.House;

namespace ClawMesh.Edge.Tests.Hardware.Inference;

public sealed class ShippedModelTests
{
    private static readonly ShippedModel Shipped = ShippedModel.Load();

    [Fact]
    public void It_answers_its_golden_question_the_same_way_every_time()
    {
        ModelGolden golden = Shipped.Manifest.Golden;
        float[] once = Trajectory(golden.Inputs[0], golden.Inputs[1]), again = Trajectory(golden.Inputs[0], golden.Inputs[1]);

        Assert.Equal(once, again);
        Assert.True(once.Zip(golden.Outputs[0], (a, b) => Math.Abs(a - b)).Max() <= golden.Tolerance);
    }

    [Fact]
    public void The_onnx_file_beside_it_holds_the_same_weights_and_has_the_hash_of_the_manifest()
    {
        byte[] file = File.ReadAllBytes(Path.Combine(Repository.Root, "hw", "models", Shipped.Manifest.File));

        Assert.Equal(Shipped.Manifest.Sha256, Convert.ToHexStringLower(SHA256.HashData(file)));
        Assert.Equal(OnnxWriter.Dynamics(Shipped.Net, Shipped.Manifest.Steps), file);
    }

    [Fact]
    public void The_manifest_says_what_stands_in_every_column()
    {
        ModelManifest manifest = Shipped.Manifest;

        Assert.Equal(["state", "actions"], manifest.Inputs.Select(i => i.Name));
        Assert.Equal("moisture", manifest.Inputs[0].Fields[SoilState.Moisture].Name);
        Assert.Equal("pressure_present", manifest.Inputs[0].Fields[SoilState.Pressure + 1].Name);
        Assert.Equal("watering_known", manifest.Inputs[1].Fields[SoilAction.WateringKnown].Name);
        Assert.All(manifest.Inputs.SelectMany(i => i.Fields), f => Assert.True(f.Deviation > 0, f.Name));

        // Engines write candidates into the row without a scale.
        Assert.All(manifest.Inputs[1].Fields, f => Assert.Equal((0, 1), (f.Mean, f.Deviation)));
        Assert.Equal([60, 360, 720, 1_440], manifest.Outputs[0].Horizons.Select(h => h.Minutes));
        Assert.All(manifest.Outputs[0].Horizons, h => Assert.Equal([0.1, 0.5, 0.9], h.Quantiles.Select(q => q.Probability)));
        Assert.Equal((1_440, 60, 24), (manifest.WindowMinutes, manifest.StepMinutes, manifest.Steps));
    }

    [Fact]
    public void A_net_with_one_other_weight_is_refused()
    {
        DynamicsNet net = Shipped.Net;
        float[] bias = [.. net.Bias3];
        bias[0] += 0.01f;
        var other = new DynamicsNet(net.StateSize, net.ActionSize, net.Hidden, net.Weights1, net.Bias1, net.Weights2, net.Bias2, net.Weights3, bias);

        EdgeException fault = Assert.Throws<EdgeException>(() => ShippedModel.Check(other, Shipped.Manifest));

        Assert.Equal(("model.corrupt", FailureClass.Model), (fault.Code, fault.FailureClass));
        Assert.Contains("golden", fault.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void A_manifest_of_another_model_is_refused()
    {
        ModelManifest wrong = Shipped.Manifest with { Inputs = [Shipped.Manifest.Inputs[1], Shipped.Manifest.Inputs[0]] };

        Assert.Equal("model.corrupt", Assert.Throws<EdgeException>(() => ShippedModel.Check(Shipped.Net, wrong)).Code);
    }

    [Fact]
    public void Its_weights_survive_being_saved_and_read()
    {
        var stream = new MemoryStream();
        Shipped.Net.Save(stream);
        stream.Position = 0;

        DynamicsNet read = DynamicsNet.Load(stream);

        Assert.Equal(Shipped.Net.Weights2, read.Weights2);
        Assert.Equal(Shipped.Net.Bias3, read.Bias3);
    }

    private static float[] Trajectory(float[] begin, float[] actions)
    {
        float[] state = [.. begin];
        var trajectory = new List<float>();
        for (int step = 0; step < actions.Length / SoilAction.Size; step++)
        {
            Shipped.Net.Step(state, actions.AsSpan(step * SoilAction.Size, SoilAction.Size));
            trajectory.AddRange(state);
        }

        return [.. trajectory];
    }
}
