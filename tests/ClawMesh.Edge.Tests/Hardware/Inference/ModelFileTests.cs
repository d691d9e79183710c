using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.Hardware.Inference;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Hardware.Inference;

public sealed class ModelFileTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void A_model_with_a_manifest_that_is_right_is_read_by_either_name()
    {
        string model = TestModel.Put(_scratch);

        ModelFile byModel = ModelFile.Load(model), byManifest = ModelFile.Load(_scratch.At("soil.model.json"));

        Assert.Equal(("soil-test", TestModel.Onnx.Length), (byModel.Manifest.Name, byModel.Bytes.Length));
        Assert.Equal(byModel.Manifest.Sha256, byManifest.Manifest.Sha256);
    }

    [Fact]
    public void A_model_without_a_manifest_is_refused()
    {
        File.WriteAllBytes(_scratch.At("lonely.onnx"), TestModel.Onnx);

        EdgeException refused = Assert.Throws<EdgeException>(() => ModelFile.Load(_scratch.At("lonely.onnx")));

        Assert.Equal(("model.no_manifest", FailureClass.Model), (refused.Code, refused.FailureClass));
        Assert.Contains("lonely.model.json", refused.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_that_was_changed_after_its_manifest_was_written_is_refused_with_both_hashes()
    {
        string model = TestModel.Put(_scratch);
        byte[] other = [.. TestModel.Onnx];
        other[^1] ^= 1;
        File.WriteAllBytes(model, other);

        EdgeException refused = Assert.Throws<EdgeException>(() => ModelFile.Load(model));

        Assert.Equal("model.changed", refused.Code);
        Assert.Contains(TestModel.Manifest(TestModel.Onnx).Sha256, refused.Why, StringComparison.Ordinal);
        Assert.Contains(TestModel.Manifest(other).Sha256, refused.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void A_manifest_whose_model_is_not_there_is_refused()
    {
        string model = TestModel.Put(_scratch);
        File.Delete(model);

        EdgeException refused = Assert.Throws<EdgeException>(() => ModelFile.Load(model));

        Assert.Equal("model.manifest_invalid", refused.Code);
        Assert.Contains("There is no", refused.Why, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{\"schema\":1}")]
    [InlineData("")]
    public void A_manifest_that_is_none_is_refused_and_nothing_is_thrown_but_the_fault(string text)
    {
        TestModel.Put(_scratch);
        _scratch.Put("soil.model.json", text);

        EdgeException refused = Assert.Throws<EdgeException>(() => ModelFile.Load(_scratch.At("soil.onnx")));

        Assert.Equal("model.manifest_invalid", refused.Code);
    }

    [Theory]
    [InlineData("\"name\": \"soil-test\"", "\"name\": null")]
    [InlineData("\"unit\": \"percent\"", "\"unit\": null")]
    [InlineData("\"data\": [", "\"datum\": [")]
    public void Null_or_nothing_where_a_value_must_be_is_refused(string from, string to)
    {
        TestModel.Put(_scratch);
        string text = File.ReadAllText(_scratch.At("soil.model.json"));
        Assert.Contains(from, text, StringComparison.Ordinal);
        _scratch.Put("soil.model.json", text.Replace(from, to, StringComparison.Ordinal));

        Assert.Equal("model.manifest_invalid", Assert.Throws<EdgeException>(() => ModelFile.Load(_scratch.At("soil.onnx"))).Code);
    }

    public static TheoryData<string, Func<ModelManifest, ModelManifest>> Spoilt => new()
    {
        { "schema", m => m with { Schema = 2 } },
        { "name", m => m with { Name = " " } },
        { "version", m => m with { Version = "1\n2" } },
        { "file", m => m with { File = "../soil.onnx" } },
        { "file", m => m with { File = ".." } },
        { "sha256", m => m with { Sha256 = m.Sha256.ToUpperInvariant() } },
        { "windowMinutes", m => m with { WindowMinutes = -1 } },
        { "stepMinutes", m => m with { StepMinutes = 0 } },
        { "steps", m => m with { Steps = 0 } },
        { "inputs", m => m with { Inputs = [] } },
        { "inputs[0]", m => m with { Inputs = [null!, m.Inputs[1]] } },
        { "inputs[1].name", m => m with { Inputs = [m.Inputs[0], m.Inputs[1] with { Name = "state" }] } },
        { "inputs[0].shape", m => m with { Inputs = [m.Inputs[0] with { Shape = [null, 0] }, m.Inputs[1]] } },
        { "inputs[1].shape", m => m with { Inputs = [m.Inputs[0], m.Inputs[1] with { Shape = [null, null, 8] }] } },
        { "inputs[0].shape", m => m with { Inputs = [m.Inputs[0] with { Shape = [1_000_000, 1_000_000] }, m.Inputs[1]] } },
        { "inputs[0].fields", m => m with { Inputs = [m.Inputs[0] with { Fields = [.. m.Inputs[0].Fields.Skip(1)] }, m.Inputs[1]] } },
        { "inputs[0].fields[2]", m => Field(m, 2, null!) },
        { "inputs[0].fields[1].name", m => Field(m, 1, m.Inputs[0].Fields[0] with { Name = "s0" }) },
        { "inputs[0].fields[0].deviation", m => Field(m, 0, m.Inputs[0].Fields[0] with { Deviation = 0 }) },
        { "inputs[0].fields[0].deviation", m => Field(m, 0, m.Inputs[0].Fields[0] with { Deviation = -1 }) },
        { "outputs", m => m with { Outputs = [] } },
        { "outputs[0].horizons[1].minutes", m => Horizon(m, h => h with { Minutes = 25 * 60 }) },
        { "outputs[0].horizons[1].minutes", m => Horizon(m, h => h with { Minutes = 61 }) },
        { "outputs[0].horizons[1].minutes", m => Horizon(m, h => h with { Minutes = 60 }) },
        { "outputs[0].horizons[1].use", m => Horizon(m, h => h with { Use = "guess" }) },
        { "outputs[0].horizons[1].quantiles[1]", m => Horizon(m, h => h with { Quantiles = [new(0.9, 1), new(0.1, 2)] }) },
        { "outputs[0].horizons[1].quantiles[1]", m => Horizon(m, h => h with { Quantiles = [new(0.1, 1), new(0.9, -1)] }) },
        { "outputs[0].horizons[1].quantiles[0].probability", m => Horizon(m, h => h with { Quantiles = [new(1, 1)] }) },
        { "training.statement", m => m with { Training = m.Training with { Statement = "" } } },
        { "training.data", m => m with { Training = m.Training with { Data = [] } } },
        { "golden.tolerance", m => m with { Golden = m.Golden with { Tolerance = -1 } } },
        { "steps", m => m with { Steps = 169 } },
        { "golden.inputs", m => m with { Golden = m.Golden with { Inputs = [m.Golden.Inputs[0]] } } },
        { "golden.inputs[1]", m => m with { Golden = m.Golden with { Inputs = [m.Golden.Inputs[0], m.Golden.Inputs[1][..^1]] } } },
        { "golden.inputs[1]", m => m with { Golden = m.Golden with { Inputs = [m.Golden.Inputs[0], [.. m.Golden.Inputs[1], .. m.Golden.Inputs[1]]] } } },
        { "golden.outputs[0]", m => m with { Golden = m.Golden with { Outputs = [null!] } } },
    };

    [Theory]
    [MemberData(nameof(Spoilt), DisableDiscoveryEnumeration = true)]
    public void Each_thing_that_is_wrong_in_a_manifest_is_named_by_its_place(string path, Func<ModelManifest, ModelManifest> spoil)
    {
        List<Edge.Core.Sites.ConfigProblem> problems = ModelManifestCheck.Of(spoil(TestModel.Manifest(TestModel.Onnx)));

        Assert.Contains(path, problems.Select(p => p.Path));
        Assert.All(problems, p => Assert.True(p.What.Length > 0 && p.Fix.Length > 0));
    }

    [Fact]
    public void Numbers_that_are_none_cannot_hide_in_a_golden_pair()
    {
        ModelManifest manifest = TestModel.Manifest(TestModel.Onnx);
        manifest.Golden.Outputs[0][7] = float.NaN;

        Assert.Equal(["golden.outputs[0]"], ModelManifestCheck.Of(manifest).Select(p => p.Path));
    }

    [Fact]
    public void Every_problem_is_told_at_once()
    {
        TestModel.Put(_scratch, m => m with { Name = "", WindowMinutes = -1, Training = m.Training with { Data = [] } });

        ModelReading reading = ModelFile.Read(_scratch.At("soil.onnx"));

        Assert.Equal(["name", "training.data", "windowMinutes"], reading.Problems.Select(p => p.Path).Order(StringComparer.Ordinal));
        EdgeException refused = Assert.Throws<EdgeException>(reading.OrThrow);
        Assert.Equal("model.manifest_invalid", refused.Code);
        Assert.All((string[])["name", "training.data", "windowMinutes"], place => Assert.Contains(place, refused.Why, StringComparison.Ordinal));
    }

    [Fact]
    public void A_manifest_with_half_a_character_cannot_be_read_and_is_refused()
    {
        string text = TestModel.Text(TestModel.Manifest(TestModel.Onnx)).Replace("\"soil-test\"", """
            "\ud800"
            """, StringComparison.Ordinal);

        ModelReading reading = ModelFile.Read("soil", System.Text.Encoding.UTF8.GetBytes(text), TestModel.Onnx);

        Assert.Null(reading.Manifest);
        Assert.StartsWith("The manifest cannot be read", Assert.Single(reading.Problems).What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_manifest_from_inside_the_binary_is_held_to_the_same_rules()
    {
        ModelManifest manifest = TestModel.Manifest(TestModel.Onnx);

        Assert.Empty(ModelFile.Read("soil", System.Text.Encoding.UTF8.GetBytes(TestModel.Text(manifest)), TestModel.Onnx).Problems);
        Assert.True(ModelFile.Read("soil", System.Text.Encoding.UTF8.GetBytes(TestModel.Text(manifest)), [1, 2, 3]).Changed);
    }

    private static ModelManifest Field(ModelManifest m, int at, ModelField field)
    {
        ModelField[] fields = [.. m.Inputs[0].Fields];
        fields[at] = field;
        return m with { Inputs = [m.Inputs[0] with { Fields = fields }, m.Inputs[1]] };
    }

    private static ModelManifest Horizon(ModelManifest m, Func<ModelHorizon, ModelHorizon> change) =>
        m with { Outputs = [m.Outputs[0] with { Horizons = [m.Outputs[0].Horizons[0], change(m.Outputs[0].Horizons[1])] }] };
}
