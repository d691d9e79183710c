using System.Runtime.Intrinsics;
using ClawMesh.Edge.Core.World;

namespace ClawMesh.Edge.Hardware.Inference.Rollouts;

/// <summary>
/// Steps a tile of rows through the net. A row of activations is [state, filled up to whole vectors; action]. What a row becomes does not
/// depend on its neighbours nor on its place: every sum runs in the order of <see cref="DynamicsNet.Step"/>. Immutable, thread-safe.
/// </summary>
internal abstract class TileNet
{
    /// <summary>The kernel takes this many rows at once; a tile holds a multiple of it.</summary>
    public const int RowBlock = 8;

    protected TileNet(DynamicsNet net, int lanes)
    {
        Net = net;
        StateColumns = (net.StateSize + lanes - 1) / lanes * lanes;
        RowColumns = StateColumns + net.ActionSize;
        var input = new int[net.StateSize + net.ActionSize];
        for (int i = 0; i < input.Length; i++) input[i] = i < net.StateSize ? i : i - net.StateSize + StateColumns;
        var hidden = new int[net.Hidden];
        for (int i = 0; i < hidden.Length; i++) hidden[i] = i;
        First = new PackedLayer(net.Weights1, net.Bias1, input, RowColumns, lanes);
        Second = new PackedLayer(net.Weights2, net.Bias2, hidden, net.Hidden, lanes);
        Third = new PackedLayer(net.Weights3, net.Bias3, hidden, net.Hidden, lanes);
    }

    public DynamicsNet Net { get; }

    /// <summary>Columns of the state in a row; the action begins after them.</summary>
    public int StateColumns { get; }

    public int RowColumns { get; }

    /// <summary>Columns of a row of the hidden layers.</summary>
    public int HiddenColumns => First.Outputs;

    /// <summary>Of the vectors, in words.</summary>
    public abstract string Width { get; }

    protected PackedLayer First { get; }

    protected PackedLayer Second { get; }

    protected PackedLayer Third { get; }

    /// <summary>The widest vectors that this machine computes with.</summary>
    public static TileNet For(DynamicsNet net)
    {
        if (Vector512.IsHardwareAccelerated) return new TileNet<Lanes512, Vector512<float>>(net);
        if (Vector256.IsHardwareAccelerated) return new TileNet<Lanes256, Vector256<float>>(net);
        return new TileNet<Lanes128, Vector128<float>>(net);
    }

    /// <param name="rows">[count, RowColumns]; the state in it is overwritten with the next one.</param>
    /// <param name="first">[count, HiddenColumns], for the kernel's own use; <paramref name="second"/> too.</param>
    /// <param name="count">A multiple of <see cref="RowBlock"/>.</param>
    public abstract void Step(float[] rows, float[] first, float[] second, int count);
}

internal sealed class TileNet<TLanes, TVector>(DynamicsNet net) : TileNet(net, TLanes.Count)
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
{
    public override string Width => $"{TLanes.Count * 32}-bit vectors";

    public override void Step(float[] rows, float[] first, float[] second, int count)
    {
        Apply(First, rows, RowColumns, first, HiddenColumns, count, onto: false);
        Apply(Second, first, HiddenColumns, second, HiddenColumns, count, onto: false);
        Apply(Third, second, HiddenColumns, rows, RowColumns, count, onto: true);
    }

    private static void Apply(PackedLayer layer, float[] from, int fromColumns, float[] to, int toColumns, int count, bool onto)
    {
        // The kernel reads and writes unchecked; these are its bounds.
        ArgumentOutOfRangeException.ThrowIfNotEqual(count % RowBlock, 0);
        ArgumentOutOfRangeException.ThrowIfLessThan(from.Length, count * fromColumns);
        ArgumentOutOfRangeException.ThrowIfLessThan(to.Length, count * toColumns);
        ArgumentOutOfRangeException.ThrowIfLessThan(toColumns, layer.Outputs);
        ArgumentOutOfRangeException.ThrowIfLessThan(fromColumns, layer.Inputs);
        for (int panel = 0; panel < layer.Panels; panel++)
        {
            if (layer.Vectors == 2) DenseKernel<TLanes, TVector>.TwoVectors(layer, panel, from, fromColumns, to, toColumns, count, onto);
            else DenseKernel<TLanes, TVector>.OneVector(layer, panel, from, fromColumns, to, toColumns, count, onto);
        }
    }
}
