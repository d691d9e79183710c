using FsCheck;
using FsCheck.Fluent;

namespace ClawMesh.Edge.Tests.Trust;

/// <summary>A property over generated cases. A failure prints the case, the smallest one found, and the seed to replay it with.</summary>
internal static class ForAll
{
    public static void Cases<T>(Gen<T> cases, int count, Action<T> holds) =>
        Check.One(Config.QuickThrowOnFailure.WithQuietOnSuccess(true).WithMaxTest(count), Prop.ForAll(cases.ToArbitrary(), holds));

    /// <summary>True once in <paramref name="n"/> cases.</summary>
    public static Gen<bool> OneIn(int n) => Gen.Choose(1, n).Select(i => i == 1);
}
