using ClawMesh.Edge.Native.Onnx;

namespace ClawMesh.Edge.Hardware.Inference.Onnx;

/// <summary>One input or output as the graph has it, beside what the manifest says.</summary>
/// <param name="Shape">Of the graph; null where it leaves the length open.</param>
/// <param name="Manifest">Null when the manifest does not name it.</param>
/// <param name="Problem">Empty when both agree.</param>
public sealed record OrtPort(string Name, IReadOnlyList<int?> Shape, IReadOnlyList<int?>? Manifest, string Problem)
{
    public static string Text(IReadOnlyList<int?> shape) => $"[{ShapeText.Of(shape, "batch", ", ")}]";

    /// <summary>The ports of the graph in its order, then what the manifest names and the graph has not.</summary>
    internal static IReadOnlyList<OrtPort> Compare(IReadOnlyList<OrtPortFacts> graph, IReadOnlyList<string> names, IReadOnlyList<IReadOnlyList<int?>> shapes, bool allMustBeNamed)
    {
        var ports = new List<OrtPort>();
        foreach (OrtPortFacts port in graph)
        {
            var shape = new int?[port.Shape.Length];
            for (int axis = 0; axis < shape.Length; axis++) shape[axis] = port.Shape[axis] < 0 ? null : (int)Math.Min(port.Shape[axis], int.MaxValue);
            IReadOnlyList<int?>? named = null;
            for (int i = 0; i < names.Count; i++)
            {
                if (names[i] == port.Name) named = shapes[i];
            }

            ports.Add(new OrtPort(port.Name, shape, named, Difference(port, shape, named, allMustBeNamed)));
        }

        for (int i = 0; i < names.Count; i++)
        {
            if (!graph.Any(p => p.Name == names[i])) ports.Add(new OrtPort(names[i], [], shapes[i], "the graph has no such name"));
        }

        return ports;
    }

    private static string Difference(OrtPortFacts port, int?[] shape, IReadOnlyList<int?>? manifest, bool mustBeNamed)
    {
        if (manifest is null) return mustBeNamed ? "the manifest does not name it" : "";
        if (port.Element != OrtElement.Float) return "it holds no floats";
        bool fits = manifest.Count == shape.Length;
        // What the graph leaves open, the manifest may fix; not the other way round.
        for (int axis = 0; axis < shape.Length && fits; axis++) fits = shape[axis] is null || shape[axis] == manifest[axis];
        return fits ? "" : $"the manifest says {Text(manifest)}";
    }
}
