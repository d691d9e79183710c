using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.Hardware.Inference;
using ClawMesh.Edge.Hardware.Inference.Onnx;

namespace ClawMesh.Edge.Tests.Hardware.Inference.Onnx;

public sealed class OrtSessionTests
{
    private static readonly OrtOptions Cpu = new() { Provider = OrtProvider.Cpu };

    [Fact]
    public void A_model_is_run_by_the_names_of_its_tensors_and_agrees_with_the_plain_loops()
    {
        using OrtSession session = OrtSession.Open(InstalledOrt.Library, TestModel.File(), Cpu);
        using OrtRun run = session.Prepare(3);
        for (int seed = 10; seed < 13; seed++)
        {
            float[] states = TestModel.Numbers(3 * SoilState.Size, seed), actions = TestModel.Numbers(3 * TestModel.Steps * SoilAction.Size, seed + 50);
            states.CopyTo(run.Input("state"));
            actions.CopyTo(run.Input("actions"));

            run.Run();

            for (int row = 0; row < 3; row++)
            {
                float[] expected = TestModel.Trajectory(TestModel.Net, states.AsSpan(row * SoilState.Size, SoilState.Size), actions.AsSpan(row * TestModel.Steps * SoilAction.Size, TestModel.Steps * SoilAction.Size));
                ReadOnlySpan<float> seen = run.Output("trajectory").Slice(row * expected.Length, expected.Length);
                for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i], seen[i], 1e-5f);
            }
        }

        Assert.Throws<ArgumentException>(() => run.Input("moisture").Length);
    }

    [Fact]
    public void A_run_allocates_no_managed_memory()
    {
        using OrtSession session = OrtSession.Open(InstalledOrt.Library, TestModel.File(), Cpu);
        using OrtRun run = session.Prepare(4);
        run.Run();
        run.Run();

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 500; i++)
        {
            run.Input(0)[i % 64] = i;
            run.Run();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Memory_for_a_run_is_aligned_to_64_bytes()
    {
        using OrtSession session = OrtSession.Open(InstalledOrt.Library, TestModel.File(), Cpu);
        using OrtRun run = session.Prepare(5);

        Assert.True(IsAligned(run.Input(0)) && IsAligned(run.Input(1)));
    }

    [Fact]
    public void Each_provider_that_is_not_used_says_why()
    {
        using OrtSession session = OrtSession.Open(InstalledOrt.Library, TestModel.File(), new OrtOptions());

        Assert.Equal([OrtProvider.TensorRt, OrtProvider.Cuda, OrtProvider.WebGpu, OrtProvider.Cpu], session.Providers.Select(p => p.Provider));
        Assert.All(session.Providers, p => Assert.True(p.Used == (p.Reason.Length == 0)));
        Assert.Equal(session.Provider, Assert.Single(session.Providers, p => p.Used).Provider);
    }

    [Fact]
    public void A_GPU_that_is_not_there_is_a_fault_of_the_gpu_class()
    {
        Assert.SkipWhen(File.Exists(Path.Combine(Path.GetDirectoryName(InstalledOrt.File)!, "libonnxruntime_providers_shared.so")), "the GPU's libraries are here");

        EdgeException absent = Assert.Throws<EdgeException>(() => OrtSession.OpenOn(InstalledOrt.Library, TestModel.File(), new OrtOptions(), OrtProvider.Cuda));

        Assert.Equal(("gpu.provider_unusable", FailureClass.Gpu), (absent.Code, absent.FailureClass));
        Assert.Contains("libonnxruntime_providers_shared.so", absent.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void A_plugin_that_cannot_be_loaded_is_told_with_the_reason()
    {
        string plugin = Path.Combine(InstalledOrt.Library.Folder, OrtProviderSetup.CudaPluginFile);
        Assert.SkipWhen(File.Exists(plugin), "the CUDA plugin is here");
        File.WriteAllText(plugin, "not a library");
        try
        {
            EdgeException absent = Assert.Throws<EdgeException>(() => OrtSession.OpenOn(InstalledOrt.Library, TestModel.File(), new OrtOptions(), OrtProvider.Cuda));

            Assert.Equal("gpu.provider_unusable", absent.Code);
            Assert.Contains(OrtProviderSetup.CudaPluginFile, absent.Why, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(plugin);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(40)]
    [InlineData(2_000)]
    public void A_model_that_was_cut_off_is_corrupt(int length)
    {
        byte[] cut = TestModel.Onnx[..length];

        EdgeException corrupt = Assert.Throws<EdgeException>(() => OrtSession.Open(InstalledOrt.Library, TestModel.File(cut), Cpu));

        Assert.Equal(("model.corrupt", FailureClass.Model), (corrupt.Code, corrupt.FailureClass));
    }

    [Fact]
    public void Bytes_that_were_overwritten_never_end_the_process()
    {
        OrtLibrary library = InstalledOrt.Library;
        var chance = new Random(11);
        int refused = 0;
        for (int round = 0; round < 60; round++)
        {
            byte[] spoilt = [.. TestModel.Onnx];
            for (int i = 0; i < 8; i++) spoilt[chance.Next(spoilt.Length)] = (byte)chance.Next(256);
            try
            {
                OrtSession.Open(library, TestModel.File(spoilt), Cpu).Dispose();
            }
            catch (EdgeException fault)
            {
                Assert.Equal(FailureClass.Model, fault.FailureClass);
                refused++;
            }
        }

        Assert.InRange(refused, 20, 60);
    }

    [Fact]
    public void A_graph_that_is_not_what_the_manifest_says_is_refused_with_every_difference()
    {
        ModelFile model = TestModel.File(change: m => m with
        {
            Inputs = [m.Inputs[0] with { Name = "stade" }, m.Inputs[1] with { Shape = [null, 12, 8] }],
        });

        EdgeException differs = Assert.Throws<EdgeException>(() => OrtSession.Open(InstalledOrt.Library, model, Cpu));

        Assert.Equal("model.graph_differs", differs.Code);
        Assert.All((string[])["'state' [batch, 16]: the manifest does not name it", "'actions' [batch, 24, 8]: the manifest says [batch, 12, 8]", "'stade' []: the graph has no such name"], part => Assert.Contains(part, differs.Why, StringComparison.Ordinal));
    }

    [Fact]
    public void A_wrong_golden_output_is_told_with_the_value_seen_and_the_one_allowed()
    {
        ModelFile model = TestModel.File();
        float right = model.Manifest.Golden.Outputs[0][5];
        model.Manifest.Golden.Outputs[0][5] += 0.25f;

        EdgeException differs = Assert.Throws<EdgeException>(() => OrtSession.Open(InstalledOrt.Library, model, Cpu));

        Assert.Equal("model.golden_differs", differs.Code);
        Assert.Contains("Number 5 of 'trajectory'", differs.Why, StringComparison.Ordinal);
        Assert.Contains(FormattableString.Invariant($"{right + 0.25f} is allowed"), differs.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_that_wants_more_memory_than_there_is_fails_and_the_next_one_runs()
    {
        var model = new OnnxWriter("greedy");
        model.Input("x", null, 4);
        model.Output("y", null, 4);
        // 2^52 bytes, more than an address has room for.
        model.Constant("large", [1L << 48, 1, 4], 3);
        model.Constant("first", [0L]);
        model.Node("Expand", "expanded", null, "x", "large");
        model.Node("Gather", "y", 0, "expanded", "first");
        ModelFile greedy = TestModel.File(model.ToArray(), m => m with
        {
            Inputs = [new ModelInput("x", [null, 4], [.. m.Inputs[0].Fields.Take(4)])],
            Outputs = [new ModelOutput("y", [null, 4], "1", [])],
            Golden = new ModelGolden([[1, 2, 3, 4]], [[1, 2, 3, 4]], 0),
        });

        EdgeException fault = Assert.Throws<EdgeException>(() => OrtSession.Open(InstalledOrt.Library, greedy, Cpu));

        Assert.Equal(("model.run_failed", FailureClass.Model), (fault.Code, fault.FailureClass));
        OrtSession.Open(InstalledOrt.Library, TestModel.File(), Cpu).Dispose();
    }

    [Fact]
    public void A_run_that_finds_no_memory_gives_back_what_it_had()
    {
        // 2.9 million rows: 186 MB of states, and more actions than a tensor may hold.
        const int Rows = 2_900_000;
        using OrtSession session = OrtSession.Open(InstalledOrt.Library, TestModel.File(), Cpu);
        Assert.Throws<EdgeException>(() => session.Prepare(Rows));

        long before = Environment.WorkingSet;
        for (int i = 0; i < 6; i++) Assert.Equal("model.run_failed", Assert.Throws<EdgeException>(() => session.Prepare(Rows)).Code);

        Assert.InRange(Environment.WorkingSet - before, long.MinValue, 600L << 20);
    }

    [Fact]
    public void A_golden_output_that_is_no_number_is_infinitely_far_off_and_refused()
    {
        ModelFile root = TestModel.File(SquareRoot(), m => m with
        {
            Inputs = [new ModelInput("x", [null, 3], [.. m.Inputs[0].Fields.Take(3)])],
            Outputs = [new ModelOutput("y", [null, 3], "1", [])],
            Golden = new ModelGolden([[4, -1, 9]], [[2, 1, 3.5f]], 1),
        });

        using OrtSession session = OrtSession.Load(InstalledOrt.Library, root, Cpu, OrtProvider.Cpu);
        EdgeException differs = Assert.Throws<EdgeException>(session.CheckGolden);

        Assert.Equal("model.golden_differs", differs.Code);
        Assert.Contains("Number 1 of 'y' is NaN, which is no finite number", differs.Why, StringComparison.Ordinal);
        // The next number, half a unit off, used to take the place of the NaN.
        Assert.Equal(float.PositiveInfinity, session.GoldenDifference);
    }

    [Fact]
    public void The_library_sends_nothing_home_and_leaves_no_log()
    {
        OrtSession.Open(InstalledOrt.Library, TestModel.File(), Cpu).Dispose();

        Assert.Empty(Directory.GetFiles(Path.GetTempPath(), FormattableString.Invariant($"mat-debug-{Environment.ProcessId}*")));
    }

    [Fact]
    public void The_smallest_model_there_is_adds_two_tensors()
    {
        ModelFile add = TestModel.File(OnnxWriter.Add(3), m => m with
        {
            Inputs = [new ModelInput("left", [null, 3], [.. m.Inputs[0].Fields.Take(3)]), new ModelInput("right", [null, 3], [.. m.Inputs[0].Fields.Take(3)])],
            Outputs = [new ModelOutput("sum", [null, 3], "1", [])],
            Golden = new ModelGolden([[1, 2, 3, 4, 5, 6], [10, 20, 30, 40, 50, 60]], [[11, 22, 33, 44, 55, 66]], 0),
        });

        using OrtSession session = OrtSession.Open(InstalledOrt.Library, add, Cpu);

        Assert.Equal(0, session.GoldenDifference);
    }

    private static byte[] SquareRoot()
    {
        var model = new OnnxWriter("root");
        model.Input("x", null, 3);
        model.Output("y", null, 3);
        model.Node("Sqrt", "y", null, "x");
        return model.ToArray();
    }

    private static bool IsAligned(Span<float> span) => AddressOf(span) % 64 == 0;

    private static nint AddressOf(Span<float> span) => System.Runtime.CompilerServices.Unsafe.ByteOffset(ref System.Runtime.CompilerServices.Unsafe.NullRef<float>(), ref span[0]);
}
