using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ClawMesh.Edge.Train.Training;

/// <summary>
/// The three products of a batch: matrices are [row, batch], and the batch is a multiple of 16. Always the same order of additions in
/// vectors of eight, whatever the machine's widest, so that training comes out the same bit for bit.
/// </summary>
internal static class Kernels
{
    public const int Lanes = 16;

    private const int Tile = 4;

    /// <summary>to[m, n] = (bias[m] or 0) + Σ_k weights[m·strideM + k·strideK] · from[k, n].</summary>
    public static void Product(ReadOnlySpan<float> weights, int strideM, int strideK, ReadOnlySpan<float> from, ReadOnlySpan<float> bias, Span<float> to, int rows, int inner, int batch)
    {
        int m = 0;
        for (; m + Tile <= rows; m += Tile)
        {
            for (int n = 0; n < batch; n += Lanes) FourRows(weights[(m * strideM)..], strideM, strideK, from[n..], bias.IsEmpty ? default : bias[m..], to[((m * batch) + n)..], inner, batch);
        }

        for (; m < rows; m++)
        {
            for (int n = 0; n < batch; n += Lanes) OneRow(weights[(m * strideM)..], strideK, from[n..], bias.IsEmpty ? 0 : bias[m], to[((m * batch) + n)..], inner, batch);
        }
    }

    /// <summary>to[i, o] += Σ_n left[i, n] · right[o, n].</summary>
    public static void Outer(ReadOnlySpan<float> left, ReadOnlySpan<float> right, Span<float> to, int lefts, int rights, int batch)
    {
        for (int i = 0; i < lefts; i++)
        {
            ReadOnlySpan<float> row = left.Slice(i * batch, batch);
            int o = 0;
            for (; o + Tile <= rights; o += Tile) FourDots(row, right.Slice(o * batch, Tile * batch), to.Slice((i * rights) + o, Tile), batch);
            for (; o < rights; o++) to[(i * rights) + o] += Dot(row, right.Slice(o * batch, batch));
        }
    }

    /// <summary>to[o] += Σ_n of[o, n].</summary>
    public static void RowSums(ReadOnlySpan<float> of, Span<float> to, int rows, int batch)
    {
        for (int o = 0; o < rows; o++)
        {
            Vector256<float> sum = default;
            foreach (Vector256<float> part in MemoryMarshal.Cast<float, Vector256<float>>(of.Slice(o * batch, batch))) sum += part;
            to[o] += Vector256.Sum(sum);
        }
    }

    public static void Relu(Span<float> values)
    {
        foreach (ref Vector256<float> part in MemoryMarshal.Cast<float, Vector256<float>>(values)) part = Vector256.Max(part, default);
    }

    /// <summary>Lets a gradient through where the activation was above zero.</summary>
    public static void ReluGradient(Span<float> gradient, ReadOnlySpan<float> activation)
    {
        Span<Vector256<float>> to = MemoryMarshal.Cast<float, Vector256<float>>(gradient);
        ReadOnlySpan<Vector256<float>> of = MemoryMarshal.Cast<float, Vector256<float>>(activation);
        for (int i = 0; i < to.Length; i++) to[i] &= Vector256.GreaterThan(of[i], default);
    }

    public static void Add(ReadOnlySpan<float> values, Span<float> to)
    {
        Span<Vector256<float>> sums = MemoryMarshal.Cast<float, Vector256<float>>(to);
        ReadOnlySpan<Vector256<float>> parts = MemoryMarshal.Cast<float, Vector256<float>>(values);
        for (int i = 0; i < sums.Length; i++) sums[i] += parts[i];
    }

    private static void FourRows(ReadOnlySpan<float> weights, int strideM, int strideK, ReadOnlySpan<float> from, ReadOnlySpan<float> bias, Span<float> to, int inner, int batch)
    {
        Vector256<float> a0 = default, b0 = default, c0 = default, d0 = default;
        if (!bias.IsEmpty) (a0, b0, c0, d0) = (Vector256.Create(bias[0]), Vector256.Create(bias[1]), Vector256.Create(bias[2]), Vector256.Create(bias[3]));
        (Vector256<float> a1, Vector256<float> b1, Vector256<float> c1, Vector256<float> d1) = (a0, b0, c0, d0);
        ref float x = ref MemoryMarshal.GetReference(from);
        ref float w = ref MemoryMarshal.GetReference(weights);
        _ = from[((inner - 1) * batch) + Lanes - 1] + weights[((inner - 1) * strideK) + (3 * strideM)] + to[(3 * batch) + Lanes - 1];
        for (int k = 0; k < inner; k++)
        {
            Vector256<float> x0 = Vector256.LoadUnsafe(ref x, (nuint)(k * batch)), x1 = Vector256.LoadUnsafe(ref x, (nuint)((k * batch) + 8));
            Vector256<float> weight = Vector256.Create(System.Runtime.CompilerServices.Unsafe.Add(ref w, k * strideK));
            a0 = Vector256.FusedMultiplyAdd(weight, x0, a0);
            a1 = Vector256.FusedMultiplyAdd(weight, x1, a1);
            weight = Vector256.Create(System.Runtime.CompilerServices.Unsafe.Add(ref w, (k * strideK) + strideM));
            b0 = Vector256.FusedMultiplyAdd(weight, x0, b0);
            b1 = Vector256.FusedMultiplyAdd(weight, x1, b1);
            weight = Vector256.Create(System.Runtime.CompilerServices.Unsafe.Add(ref w, (k * strideK) + (2 * strideM)));
            c0 = Vector256.FusedMultiplyAdd(weight, x0, c0);
            c1 = Vector256.FusedMultiplyAdd(weight, x1, c1);
            weight = Vector256.Create(System.Runtime.CompilerServices.Unsafe.Add(ref w, (k * strideK) + (3 * strideM)));
            d0 = Vector256.FusedMultiplyAdd(weight, x0, d0);
            d1 = Vector256.FusedMultiplyAdd(weight, x1, d1);
        }

        Store(a0, a1, to);
        Store(b0, b1, to[batch..]);
        Store(c0, c1, to[(2 * batch)..]);
        Store(d0, d1, to[(3 * batch)..]);
    }

    private static void OneRow(ReadOnlySpan<float> weights, int strideK, ReadOnlySpan<float> from, float bias, Span<float> to, int inner, int batch)
    {
        Vector256<float> a0 = Vector256.Create(bias), a1 = a0;
        for (int k = 0; k < inner; k++)
        {
            Vector256<float> weight = Vector256.Create(weights[k * strideK]);
            a0 = Vector256.FusedMultiplyAdd(weight, Vector256.Create(from[(k * batch)..]), a0);
            a1 = Vector256.FusedMultiplyAdd(weight, Vector256.Create(from[((k * batch) + 8)..]), a1);
        }

        Store(a0, a1, to);
    }

    private static void FourDots(ReadOnlySpan<float> left, ReadOnlySpan<float> right, Span<float> to, int batch)
    {
        Vector256<float> a = default, b = default, c = default, d = default;
        ref float x = ref MemoryMarshal.GetReference(left);
        ref float y = ref MemoryMarshal.GetReference(right);
        for (int n = 0; n < batch; n += 8)
        {
            Vector256<float> shared = Vector256.LoadUnsafe(ref x, (nuint)n);
            a = Vector256.FusedMultiplyAdd(shared, Vector256.LoadUnsafe(ref y, (nuint)n), a);
            b = Vector256.FusedMultiplyAdd(shared, Vector256.LoadUnsafe(ref y, (nuint)(n + batch)), b);
            c = Vector256.FusedMultiplyAdd(shared, Vector256.LoadUnsafe(ref y, (nuint)(n + (2 * batch))), c);
            d = Vector256.FusedMultiplyAdd(shared, Vector256.LoadUnsafe(ref y, (nuint)(n + (3 * batch))), d);
        }

        to[0] += Vector256.Sum(a);
        to[1] += Vector256.Sum(b);
        to[2] += Vector256.Sum(c);
        to[3] += Vector256.Sum(d);
    }

    private static float Dot(ReadOnlySpan<float> left, ReadOnlySpan<float> right)
    {
        Vector256<float> sum = default;
        for (int n = 0; n < left.Length; n += 8) sum = Vector256.FusedMultiplyAdd(Vector256.Create(left[n..]), Vector256.Create(right[n..]), sum);
        return Vector256.Sum(sum);
    }

    private static void Store(Vector256<float> low, Vector256<float> high, Span<float> to)
    {
        low.CopyTo(to);
        high.CopyTo(to[8..]);
    }
}
