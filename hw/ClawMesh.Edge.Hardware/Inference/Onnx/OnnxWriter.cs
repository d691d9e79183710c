using System.Runtime.InteropServices;

namespace ClawMesh.Edge.Hardware.Inference.Onnx;

/// <summary>
/// Writes a model file of the ONNX format (github.com/onnx/onnx, onnx.proto; field numbers are facts of that file): opset 17, IR version 8,
/// floats and whole numbers, no subgraphs. The same calls give the same bytes. Not thread-safe.
/// </summary>
public sealed partial class OnnxWriter
{
    public const int Opset = 17;
    public const int IrVersion = 8;

    private const int FloatElements = 1;
    private const int Int64Elements = 7;
    private const int IntAttribute = 2;

    private readonly ProtoMessage _nodes = new();
    private readonly ProtoMessage _constants = new();
    private readonly ProtoMessage _inputs = new();
    private readonly ProtoMessage _outputs = new();
    private readonly string _name;

    public OnnxWriter(string name) => _name = name;

    /// <summary>A float tensor the caller hands in.</summary>
    /// <param name="shape">Null stands for the batch.</param>
    public void Input(string name, params ReadOnlySpan<long?> shape) => _inputs.Message(11, Value(name, shape));

    /// <summary>A float tensor the caller gets.</summary>
    /// <param name="shape">Null stands for the batch.</param>
    public void Output(string name, params ReadOnlySpan<long?> shape) => _outputs.Message(12, Value(name, shape));

    /// <summary>Floats that belong to the model.</summary>
    public void Constant(string name, ReadOnlySpan<float> values, params ReadOnlySpan<long> shape) => Constant(name, FloatElements, MemoryMarshal.AsBytes(values), shape);

    /// <summary>Whole numbers that belong to the model; without a shape, one number that is no list.</summary>
    public void Constant(string name, ReadOnlySpan<long> values, params ReadOnlySpan<long> shape) => Constant(name, Int64Elements, MemoryMarshal.AsBytes(values), shape);

    /// <summary>One operation. Nodes stand in the order in which they can run.</summary>
    /// <param name="axis">The attribute of that name; null leaves it out.</param>
    /// <returns><paramref name="output"/>, to be the input of the next.</returns>
    public string Node(string operation, string output, long? axis, params ReadOnlySpan<string> inputs)
    {
        var node = new ProtoMessage();
        foreach (string input in inputs) node.Text(1, input);
        node.Text(2, output).Text(3, output).Text(4, operation);
        if (axis is { } place) node.Message(5, new ProtoMessage().Text(1, "axis").Number(3, place).Number(20, IntAttribute));
        _nodes.Message(1, node);
        return output;
    }

    public byte[] ToArray()
    {
        var graph = new List<byte>(_nodes.Written.Length + _constants.Written.Length + 1_024);
        graph.AddRange(_nodes.Written);
        graph.AddRange(new ProtoMessage().Text(2, _name).Written);
        graph.AddRange(_constants.Written);
        graph.AddRange(_inputs.Written);
        graph.AddRange(_outputs.Written);
        return new ProtoMessage()
            .Number(1, IrVersion)
            .Text(2, "clawmesh-edge")
            .Bytes(7, CollectionsMarshal.AsSpan(graph))
            .Message(8, new ProtoMessage().Text(1, "").Number(2, Opset))
            .Written.ToArray();
    }

    /// <summary><c>sum</c> = <c>left</c> + <c>right</c>, all [batch, <paramref name="width"/>]: the smallest model there is, for self-tests.</summary>
    public static byte[] Add(int width)
    {
        var model = new OnnxWriter("add");
        model.Input("left", null, width);
        model.Input("right", null, width);
        model.Output("sum", null, width);
        model.Node("Add", "sum", null, "left", "right");
        return model.ToArray();
    }

    // TensorProto: dims 1, data_type 2, name 8, raw_data 9 (little-endian).
    private void Constant(string name, int elementType, ReadOnlySpan<byte> values, ReadOnlySpan<long> shape)
    {
        var tensor = new ProtoMessage();
        foreach (long length in shape) tensor.Number(1, length);
        _constants.Message(5, tensor.Number(2, elementType).Text(8, name).Bytes(9, values));
    }

    private static ProtoMessage Value(string name, ReadOnlySpan<long?> shape)
    {
        var dimensions = new ProtoMessage();
        foreach (long? length in shape) dimensions.Message(1, length is { } fixedLength ? new ProtoMessage().Number(1, fixedLength) : new ProtoMessage().Text(2, "batch"));
        ProtoMessage tensor = new ProtoMessage().Number(1, FloatElements).Message(2, dimensions);
        return new ProtoMessage().Text(1, name).Message(2, new ProtoMessage().Message(1, tensor));
    }
}
