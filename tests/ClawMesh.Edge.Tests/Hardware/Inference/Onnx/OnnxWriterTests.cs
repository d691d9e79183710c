using System.Text;
using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.Hardware.Inference.Onnx;
using ClawMesh.Edge.Native.Onnx;

namespace ClawMesh.Edge.Tests.Hardware.Inference.Onnx;

public sealed class OnnxWriterTests
{
    [Fact]
    public void A_message_is_written_as_the_encoding_page_of_protocol_buffers_shows()
    {
        byte[] written = new ProtoMessage().Number(1, 150).Text(2, "testing").Message(3, new ProtoMessage().Number(1, 150)).Real(4, 1).Number(5, -1).Written.ToArray();

        Assert.Equal("089601" + "120774657374696E67" + "1A03089601" + "250000803F" + "28FFFFFFFFFFFFFFFFFF01", Convert.ToHexString(written));
    }

    [Fact]
    public void A_text_longer_than_127_bytes_has_its_length_in_two_bytes()
    {
        byte[] written = new ProtoMessage().Text(1, new string('x', 300)).Written.ToArray();

        Assert.Equal([0x0A, 0xAC, 0x02], written[..3]);
        Assert.Equal(303, written.Length);
    }

    [Fact]
    public void The_same_net_gives_the_same_bytes_and_another_one_others()
    {
        DynamicsNet net = InstalledOrt.Net(16, 8, 12, seed: 1);

        Assert.Equal(OnnxWriter.Dynamics(net, 24), OnnxWriter.Dynamics(net, 24));
        Assert.NotEqual(OnnxWriter.Dynamics(net, 24), OnnxWriter.Dynamics(InstalledOrt.Net(16, 8, 12, seed: 2), 24));
    }

    [Fact]
    public void An_unrolled_net_never_splits_because_of_the_limit_of_sixteen_buffers()
    {
        string text = Encoding.Latin1.GetString(OnnxWriter.Dynamics(InstalledOrt.Net(16, 8, 12, seed: 1), 24));

        Assert.Contains("Gather", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Split", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(16, 8, 64, 24, 5)]
    [InlineData(16, 8, 64, 24, 1)]
    [InlineData(3, 2, 5, 1, 300)]
    public void ONNX_Runtime_agrees_with_the_plain_loops_within_1e_5(int stateSize, int actionSize, int hidden, int steps, int batch)
    {
        DynamicsNet net = InstalledOrt.Net(stateSize, actionSize, hidden, seed: 7);
        using OrtSessionHandle session = InstalledOrt.Session(OnnxWriter.Dynamics(net, steps));
        OrtApi api = InstalledOrt.Api;
        using var state = new OrtTensor(api, OrtElement.Float, 4, batch, stateSize);
        using var actions = new OrtTensor(api, OrtElement.Float, 4, batch, steps, actionSize);
        using var trajectory = new OrtTensor(api, OrtElement.Float, 4, batch, steps, stateSize);
        using var call = new OrtCall(session, ["state", "actions"], [state, actions], ["trajectory"], [trajectory]);

        // Two rounds with other numbers: a run that leaves its output as it was must not pass.
        for (int seed = 1; seed <= 2; seed++)
        {
            var chance = new Random(seed);
            foreach (ref float x in state.Floats) x = (float)chance.NextDouble();
            foreach (ref float x in actions.Floats) x = (float)chance.NextDouble();
            trajectory.Floats.Clear();
            call.Run();

            float worst = 0;
            for (int n = 0; n < batch; n++)
            {
                float[] expected = state.Floats.Slice(n * stateSize, stateSize).ToArray();
                for (int t = 0; t < steps; t++)
                {
                    net.Step(expected, actions.Floats.Slice(((n * steps) + t) * actionSize, actionSize));
                    ReadOnlySpan<float> got = trajectory.Floats.Slice(((n * steps) + t) * stateSize, stateSize);
                    for (int i = 0; i < stateSize; i++) worst = MathF.Max(worst, MathF.Abs(got[i] - expected[i]));
                }
            }

            Assert.InRange(worst, 0, 1e-5f);
            Assert.NotEqual(0, trajectory.Floats[^1]);
        }
    }

    [Fact]
    public void The_graph_names_its_inputs_and_outputs_and_leaves_the_batch_open()
    {
        using OrtSessionHandle session = InstalledOrt.Session(OnnxWriter.Dynamics(InstalledOrt.Net(16, 8, 12, seed: 1), 24));

        Assert.Equal(["state", "actions"], session.Inputs.Select(p => p.Name));
        Assert.Equal([-1, 24, 8], session.Inputs[1].Shape);
        Assert.Equal(("trajectory", OrtElement.Float), (session.Outputs[0].Name, session.Outputs[0].Element));
        Assert.Equal([-1, 24, 16], session.Outputs[0].Shape);
    }
}
