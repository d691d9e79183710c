using System.Buffers.Binary;
using System.Runtime.InteropServices;
using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Core.World;

/// <summary>
/// A residual net that steps a state: <c>next = state + W3·relu(W2·relu(W1·[state, action] + b1) + b2) + b3</c>. Weights are input-major:
/// <c>W1[i * Hidden + o]</c> with <c>i</c> over state, then action. Immutable; shared by every engine, which may repack it.
/// </summary>
public sealed class DynamicsNet
{
    /// <summary>First bytes of a file, the version in it.</summary>
    private static ReadOnlySpan<byte> Magic => "CMEDYN1\0"u8;

    private const int MaxSize = 1_024;

    public DynamicsNet(int stateSize, int actionSize, int hidden, float[] weights1, float[] bias1, float[] weights2, float[] bias2, float[] weights3, float[] bias3)
    {
        (StateSize, ActionSize, Hidden) = (stateSize, actionSize, hidden);
        (Weights1, Bias1, Weights2, Bias2, Weights3, Bias3) = (weights1, bias1, weights2, bias2, weights3, bias3);
        Require(weights1.Length == (stateSize + actionSize) * hidden && bias1.Length == hidden, "the first layer");
        Require(weights2.Length == hidden * hidden && bias2.Length == hidden, "the second layer");
        Require(weights3.Length == hidden * stateSize && bias3.Length == stateSize, "the third layer");
    }

    public int StateSize { get; }

    public int ActionSize { get; }

    public int Hidden { get; }

    /// <summary>[StateSize + ActionSize, Hidden].</summary>
    public float[] Weights1 { get; }

    public float[] Bias1 { get; }

    /// <summary>[Hidden, Hidden].</summary>
    public float[] Weights2 { get; }

    public float[] Bias2 { get; }

    /// <summary>[Hidden, StateSize].</summary>
    public float[] Weights3 { get; }

    public float[] Bias3 { get; }

    /// <summary>One step in plain loops: what every engine is compared with. Not for use where speed matters.</summary>
    /// <param name="state">[StateSize], normalised; overwritten with the next one.</param>
    public void Step(Span<float> state, ReadOnlySpan<float> action)
    {
        Span<float> first = stackalloc float[Hidden];
        Span<float> second = stackalloc float[Hidden];
        Bias1.CopyTo(first);
        for (int i = 0; i < StateSize + ActionSize; i++)
        {
            float x = i < StateSize ? state[i] : action[i - StateSize];
            for (int o = 0; o < Hidden; o++) first[o] += x * Weights1[(i * Hidden) + o];
        }

        Bias2.CopyTo(second);
        for (int i = 0; i < Hidden; i++)
        {
            float x = MathF.Max(first[i], 0);
            for (int o = 0; o < Hidden; o++) second[o] += x * Weights2[(i * Hidden) + o];
        }

        for (int o = 0; o < StateSize; o++) state[o] += Bias3[o];
        for (int i = 0; i < Hidden; i++)
        {
            float x = MathF.Max(second[i], 0);
            for (int o = 0; o < StateSize; o++) state[o] += x * Weights3[(i * StateSize) + o];
        }
    }

    /// <summary>Magic, three sizes and six arrays of little-endian floats in the order of the constructor.</summary>
    public void Save(Stream to)
    {
        to.Write(Magic);
        Span<byte> word = stackalloc byte[4];
        foreach (int size in new[] { StateSize, ActionSize, Hidden })
        {
            BinaryPrimitives.WriteInt32LittleEndian(word, size);
            to.Write(word);
        }

        foreach (float[] part in new[] { Weights1, Bias1, Weights2, Bias2, Weights3, Bias3 }) to.Write(MemoryMarshal.AsBytes<float>(part));
    }

    /// <exception cref="EdgeException"><c>model.corrupt</c>: not such a file, cut off, or a weight that is no number.</exception>
    public static DynamicsNet Load(Stream from)
    {
        Span<byte> head = stackalloc byte[20];
        if (from.ReadAtLeast(head, 20, throwOnEndOfStream: false) < 20 || !head[..8].SequenceEqual(Magic)) throw Corrupt("it does not begin as such a file does");
        int state = BinaryPrimitives.ReadInt32LittleEndian(head[8..]), action = BinaryPrimitives.ReadInt32LittleEndian(head[12..]), hidden = BinaryPrimitives.ReadInt32LittleEndian(head[16..]);
        if (state is < 1 or > MaxSize || action is < 1 or > MaxSize || hidden is < 1 or > MaxSize) throw Corrupt($"its sizes are {state}, {action} and {hidden}; 1 to {MaxSize} are allowed");
        float[][] parts = [new float[(state + action) * hidden], new float[hidden], new float[hidden * hidden], new float[hidden], new float[hidden * state], new float[state]];
        foreach (float[] part in parts)
        {
            Span<byte> bytes = MemoryMarshal.AsBytes<float>(part);
            if (from.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length) throw Corrupt("it ends too early");
            foreach (float value in part)
            {
                if (!float.IsFinite(value)) throw Corrupt("one of its weights is no number");
            }
        }

        return new DynamicsNet(state, action, hidden, parts[0], parts[1], parts[2], parts[3], parts[4], parts[5]);
    }

    private static EdgeException Corrupt(string why) =>
        new("model.corrupt", "Could not load the dynamics model.", $"The file is damaged: {why}.", "Put the file of the release back, or train it again with tools/.", FailureClass.Model);

    private static void Require(bool fits, string what)
    {
        if (!fits) throw new ArgumentException($"{what} does not have the size the net says");
    }
}
