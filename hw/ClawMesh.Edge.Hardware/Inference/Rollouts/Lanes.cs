using System.Runtime.Intrinsics;

namespace ClawMesh.Edge.Hardware.Inference.Rollouts;

/// <summary>What the kernel does with a vector register, so that it is written once and compiled for each width.</summary>
internal interface ILanes<TVector>
    where TVector : struct
{
    static abstract int Count { get; }

    static abstract TVector Load(ref readonly float from, nuint offset);

    static abstract void Store(TVector vector, ref float to, nuint offset);

    static abstract TVector Broadcast(float value);

    static abstract TVector Add(TVector left, TVector right);

    /// <summary>left × right + addend, rounded once where the processor can.</summary>
    static abstract TVector MultiplyAdd(TVector left, TVector right, TVector addend);

    /// <summary>The larger of it and zero; what is no number stays so.</summary>
    static abstract TVector Positive(TVector vector);
}

/// <summary>NEON, and SSE where there is nothing better.</summary>
internal readonly struct Lanes128 : ILanes<Vector128<float>>
{
    public static int Count => Vector128<float>.Count;

    public static Vector128<float> Load(ref readonly float from, nuint offset) => Vector128.LoadUnsafe(in from, offset);

    public static void Store(Vector128<float> vector, ref float to, nuint offset) => vector.StoreUnsafe(ref to, offset);

    public static Vector128<float> Broadcast(float value) => Vector128.Create(value);

    public static Vector128<float> Add(Vector128<float> left, Vector128<float> right) => left + right;

    public static Vector128<float> MultiplyAdd(Vector128<float> left, Vector128<float> right, Vector128<float> addend) => Vector128.MultiplyAddEstimate(left, right, addend);

    // The second operand is the answer of x86 when one is no number; NEON's answer is no number either way.
    public static Vector128<float> Positive(Vector128<float> vector) => Vector128.MaxNative(Vector128<float>.Zero, vector);
}

/// <summary>AVX2 with FMA: what the published binary has.</summary>
internal readonly struct Lanes256 : ILanes<Vector256<float>>
{
    public static int Count => Vector256<float>.Count;

    public static Vector256<float> Load(ref readonly float from, nuint offset) => Vector256.LoadUnsafe(in from, offset);

    public static void Store(Vector256<float> vector, ref float to, nuint offset) => vector.StoreUnsafe(ref to, offset);

    public static Vector256<float> Broadcast(float value) => Vector256.Create(value);

    public static Vector256<float> Add(Vector256<float> left, Vector256<float> right) => left + right;

    public static Vector256<float> MultiplyAdd(Vector256<float> left, Vector256<float> right, Vector256<float> addend) => Vector256.MultiplyAddEstimate(left, right, addend);

    public static Vector256<float> Positive(Vector256<float> vector) => Vector256.MaxNative(Vector256<float>.Zero, vector);
}

/// <summary>AVX-512. A constant no in the published binary, so that nothing of it is in there.</summary>
internal readonly struct Lanes512 : ILanes<Vector512<float>>
{
    public static int Count => Vector512<float>.Count;

    public static Vector512<float> Load(ref readonly float from, nuint offset) => Vector512.LoadUnsafe(in from, offset);

    public static void Store(Vector512<float> vector, ref float to, nuint offset) => vector.StoreUnsafe(ref to, offset);

    public static Vector512<float> Broadcast(float value) => Vector512.Create(value);

    public static Vector512<float> Add(Vector512<float> left, Vector512<float> right) => left + right;

    public static Vector512<float> MultiplyAdd(Vector512<float> left, Vector512<float> right, Vector512<float> addend) => Vector512.MultiplyAddEstimate(left, right, addend);

    public static Vector512<float> Positive(Vector512<float> vector) => Vector512.MaxNative(Vector512<float>.Zero, vector);
}
