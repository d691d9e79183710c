using ClawMesh.Edge.Native.Onnx;
using ClawMesh.Edge.Tests.House;

namespace ClawMesh.Edge.Tests.Hardware.Inference.Onnx;

/// <summary>
/// The test models of the ONNX project as Debian packages them, run through the binding. <c>tests/data/onnx/passing.txt</c> names those that
/// pass; one that stops passing is a regression. The others fail by what ONNX Runtime has no kernel for, and by random operators.
/// With <c>CLAWMESH_WRITE_PAGES=1</c> the list is kept to those that pass now as well.
/// </summary>
public sealed class OnnxConformanceTests
{
    private const string Data = "/usr/share/libonnx-testdata/data";

    private static readonly string[] Sets = ["node", "simple", "pytorch-operator", "pytorch-converted"];

    private static string ListFile => Path.Combine(Repository.Root, "tests", "data", "onnx", "passing.txt");

    [Fact]
    public void Every_model_of_the_ONNX_project_that_passed_once_passes_still()
    {
        Assert.SkipUnless(Directory.Exists(Data), $"needs {Data}; `.ci/setup inference` installs the package libonnx-testdata");
        InstalledOrt.Require();
        string[] expected = File.Exists(ListFile) ? [.. File.ReadAllLines(ListFile).Where(line => line.Length > 0 && line[0] != '#')] : [];

        string[] models = [.. Sets.SelectMany(set => Directory.EnumerateDirectories(Path.Combine(Data, set)).Select(d => $"{set}/{Path.GetFileName(d)}")).Order(StringComparer.Ordinal)];
        HashSet<string> passed = [.. models.Where(Passes)];

        if (Environment.GetEnvironmentVariable("CLAWMESH_WRITE_PAGES") == "1") File.WriteAllText(ListFile, Text(expected.Length == 0 ? [.. passed] : expected.Where(passed.Contains)));
        string[] regressions = [.. expected.Where(name => !passed.Contains(name))];
        Assert.True(regressions.Length == 0, $"{regressions.Length} of {expected.Length} no longer pass: {string.Join(", ", regressions)}");
        Assert.NotEmpty(expected);
        TestContext.Current.TestOutputHelper?.WriteLine($"{passed.Count} of {models.Length} pass, {expected.Length} were expected to.");
    }

    private static bool Passes(string name)
    {
        string folder = Path.Combine(Data, name);
        if (!File.Exists(Path.Combine(folder, "model.onnx"))) return false;
        try
        {
            using OrtSessionHandle session = InstalledOrt.Session(File.ReadAllBytes(Path.Combine(folder, "model.onnx")));
            string[] sets = Directory.GetDirectories(folder, "test_data_set_*");
            return sets.Length > 0 && sets.All(set => Passes(session, set));
        }
        catch (Exception fails) when (fails is OrtFault or FormatException or OverflowException)
        {
            return false;
        }
    }

    private static bool Passes(OrtSessionHandle session, string set)
    {
        OnnxTensor[] given = Read(set, "input"), expected = Read(set, "output");
        if (given.Length > session.Inputs.Count || expected.Length > session.Outputs.Count) return false;
        var inputs = new List<OrtTensor>();
        OrtTensor[] outputs = [];
        try
        {
            foreach (OnnxTensor tensor in given) inputs.Add(tensor.ToOrt(session.Api));
            using var call = new OrtCall(session, [.. session.Inputs.Take(given.Length).Select(p => p.Name)], inputs, [.. session.Outputs.Take(expected.Length).Select(p => p.Name)], []);
            outputs = call.RunForNew();
            return expected.Index().All(e => e.Item.Matches(outputs[e.Index]));
        }
        finally
        {
            foreach (OrtTensor tensor in inputs.Concat(outputs)) tensor.Dispose();
        }
    }

    private static OnnxTensor[] Read(string set, string kind) =>
        [.. Enumerable.Range(0, Directory.GetFiles(set, $"{kind}_*.pb").Length).Select(i => OnnxTensor.Read(File.ReadAllBytes(Path.Combine(set, FormattableString.Invariant($"{kind}_{i}.pb")))))];

    private static string Text(IEnumerable<string> names) =>
        $"# Models of libonnx-testdata 1.12.0 that pass with ONNX Runtime 1.30.0 on the CPU; see OnnxConformanceTests.\n{string.Join('\n', names.Order(StringComparer.Ordinal))}\n";
}
