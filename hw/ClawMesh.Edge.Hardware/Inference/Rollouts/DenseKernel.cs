using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ClawMesh.Edge.Hardware.Inference.Rollouts;

/// <summary>
/// One panel of a layer for a tile of rows: eight sums stay in registers while the inputs go by, enough that no multiply-add waits for
/// the one before. Unchecked: <see cref="TileNet{TLanes, TVector}"/> has looked at every size.
/// </summary>
internal static class DenseKernel<TLanes, TVector>
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
{
    /// <summary>Four rows by two vectors of outputs.</summary>
    /// <param name="onto">Adds to what is there, without a relu; otherwise the relu of the sum replaces it.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void TwoVectors(PackedLayer layer, int panel, float[] from, int fromColumns, float[] to, int toColumns, int count, bool onto)
    {
        nuint lanes = (nuint)TLanes.Count, inputs = (nuint)layer.Inputs, stride = (nuint)fromColumns, toStride = (nuint)toColumns;
        nuint column = (nuint)panel * 2 * lanes;
        ref float bias = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(layer.Bias), column);
        ref float weights = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(layer.Weights), column * inputs);
        TVector bias0 = TLanes.Load(ref bias, 0), bias1 = TLanes.Load(ref bias, lanes);
        for (int row = 0; row < count; row += 4)
        {
            ref float x0 = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(from), (nuint)row * stride);
            ref float x1 = ref Unsafe.Add(ref x0, stride);
            ref float x2 = ref Unsafe.Add(ref x1, stride);
            ref float x3 = ref Unsafe.Add(ref x2, stride);
            ref float y0 = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(to), ((nuint)row * toStride) + column);
            ref float y1 = ref Unsafe.Add(ref y0, toStride);
            ref float y2 = ref Unsafe.Add(ref y1, toStride);
            ref float y3 = ref Unsafe.Add(ref y2, toStride);
            TVector a0 = bias0, b0 = bias1, a1 = bias0, b1 = bias1, a2 = bias0, b2 = bias1, a3 = bias0, b3 = bias1;
            if (onto)
            {
                (a0, b0) = (TLanes.Add(TLanes.Load(ref y0, 0), bias0), TLanes.Add(TLanes.Load(ref y0, lanes), bias1));
                (a1, b1) = (TLanes.Add(TLanes.Load(ref y1, 0), bias0), TLanes.Add(TLanes.Load(ref y1, lanes), bias1));
                (a2, b2) = (TLanes.Add(TLanes.Load(ref y2, 0), bias0), TLanes.Add(TLanes.Load(ref y2, lanes), bias1));
                (a3, b3) = (TLanes.Add(TLanes.Load(ref y3, 0), bias0), TLanes.Add(TLanes.Load(ref y3, lanes), bias1));
            }

            ref float w = ref weights;
            for (nuint i = 0; i < inputs; i++)
            {
                TVector w0 = TLanes.Load(ref w, 0), w1 = TLanes.Load(ref w, lanes);
                w = ref Unsafe.Add(ref w, 2 * lanes);
                TVector x = TLanes.Broadcast(Unsafe.Add(ref x0, i));
                a0 = TLanes.MultiplyAdd(x, w0, a0);
                b0 = TLanes.MultiplyAdd(x, w1, b0);
                x = TLanes.Broadcast(Unsafe.Add(ref x1, i));
                a1 = TLanes.MultiplyAdd(x, w0, a1);
                b1 = TLanes.MultiplyAdd(x, w1, b1);
                x = TLanes.Broadcast(Unsafe.Add(ref x2, i));
                a2 = TLanes.MultiplyAdd(x, w0, a2);
                b2 = TLanes.MultiplyAdd(x, w1, b2);
                x = TLanes.Broadcast(Unsafe.Add(ref x3, i));
                a3 = TLanes.MultiplyAdd(x, w0, a3);
                b3 = TLanes.MultiplyAdd(x, w1, b3);
            }

            if (!onto)
            {
                (a0, b0, a1, b1) = (TLanes.Positive(a0), TLanes.Positive(b0), TLanes.Positive(a1), TLanes.Positive(b1));
                (a2, b2, a3, b3) = (TLanes.Positive(a2), TLanes.Positive(b2), TLanes.Positive(a3), TLanes.Positive(b3));
            }

            TLanes.Store(a0, ref y0, 0);
            TLanes.Store(b0, ref y0, lanes);
            TLanes.Store(a1, ref y1, 0);
            TLanes.Store(b1, ref y1, lanes);
            TLanes.Store(a2, ref y2, 0);
            TLanes.Store(b2, ref y2, lanes);
            TLanes.Store(a3, ref y3, 0);
            TLanes.Store(b3, ref y3, lanes);
        }
    }

    /// <summary>Eight rows by one vector of outputs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void OneVector(PackedLayer layer, int panel, float[] from, int fromColumns, float[] to, int toColumns, int count, bool onto)
    {
        nuint lanes = (nuint)TLanes.Count, inputs = (nuint)layer.Inputs, stride = (nuint)fromColumns, toStride = (nuint)toColumns;
        nuint column = (nuint)panel * lanes;
        ref float weights = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(layer.Weights), column * inputs);
        TVector bias = TLanes.Load(ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(layer.Bias), column), 0);
        for (int row = 0; row < count; row += 8)
        {
            // Two starting points with three strides each: eight of them would not fit the registers.
            ref float low = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(from), (nuint)row * stride);
            ref float high = ref Unsafe.Add(ref low, 4 * stride);
            ref float y = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(to), ((nuint)row * toStride) + column);
            TVector a0 = bias, a1 = bias, a2 = bias, a3 = bias, a4 = bias, a5 = bias, a6 = bias, a7 = bias;
            if (onto)
            {
                (a0, a1) = (TLanes.Add(TLanes.Load(ref y, 0), bias), TLanes.Add(TLanes.Load(ref y, toStride), bias));
                (a2, a3) = (TLanes.Add(TLanes.Load(ref y, 2 * toStride), bias), TLanes.Add(TLanes.Load(ref y, 3 * toStride), bias));
                (a4, a5) = (TLanes.Add(TLanes.Load(ref y, 4 * toStride), bias), TLanes.Add(TLanes.Load(ref y, 5 * toStride), bias));
                (a6, a7) = (TLanes.Add(TLanes.Load(ref y, 6 * toStride), bias), TLanes.Add(TLanes.Load(ref y, 7 * toStride), bias));
            }

            for (nuint i = 0; i < inputs; i++)
            {
                TVector w = TLanes.Load(ref weights, i * lanes);
                a0 = TLanes.MultiplyAdd(TLanes.Broadcast(low), w, a0);
                a1 = TLanes.MultiplyAdd(TLanes.Broadcast(Unsafe.Add(ref low, stride)), w, a1);
                a2 = TLanes.MultiplyAdd(TLanes.Broadcast(Unsafe.Add(ref low, 2 * stride)), w, a2);
                a3 = TLanes.MultiplyAdd(TLanes.Broadcast(Unsafe.Add(ref low, 3 * stride)), w, a3);
                a4 = TLanes.MultiplyAdd(TLanes.Broadcast(high), w, a4);
                a5 = TLanes.MultiplyAdd(TLanes.Broadcast(Unsafe.Add(ref high, stride)), w, a5);
                a6 = TLanes.MultiplyAdd(TLanes.Broadcast(Unsafe.Add(ref high, 2 * stride)), w, a6);
                a7 = TLanes.MultiplyAdd(TLanes.Broadcast(Unsafe.Add(ref high, 3 * stride)), w, a7);
                low = ref Unsafe.Add(ref low, 1);
                high = ref Unsafe.Add(ref high, 1);
            }

            if (!onto)
            {
                (a0, a1, a2, a3) = (TLanes.Positive(a0), TLanes.Positive(a1), TLanes.Positive(a2), TLanes.Positive(a3));
                (a4, a5, a6, a7) = (TLanes.Positive(a4), TLanes.Positive(a5), TLanes.Positive(a6), TLanes.Positive(a7));
            }

            TLanes.Store(a0, ref y, 0);
            TLanes.Store(a1, ref y, toStride);
            TLanes.Store(a2, ref y, 2 * toStride);
            TLanes.Store(a3, ref y, 3 * toStride);
            TLanes.Store(a4, ref y, 4 * toStride);
            TLanes.Store(a5, ref y, 5 * toStride);
            TLanes.Store(a6, ref y, 6 * toStride);
            TLanes.Store(a7, ref y, 7 * toStride);
        }
    }
}
