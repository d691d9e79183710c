namespace ClawMesh.Edge;

/// <summary>
/// The two operators of LINQ that cost most in the binary, for every namespace below this one: the compiler finds these before those of
/// <c>System.Linq</c>. There, <c>Select</c> is a generic virtual method of every iterator, so ahead-of-time compilation makes every
/// struct that is selected from with every struct that is selected, 1 MB for our own calls alone. Here each call is one iterator, as lazy.
/// </summary>
public static class LeanSequences
{
    public static IEnumerable<TResult> Select<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, TResult> selector)
    {
        foreach (TSource item in source) yield return selector(item);
    }

    public static IEnumerable<T> Where<T>(this IEnumerable<T> source, Func<T, bool> predicate)
    {
        foreach (T item in source)
        {
            if (predicate(item)) yield return item;
        }
    }
}
