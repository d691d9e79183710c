namespace ClawMesh.Edge;

/// <summary>
/// The operators of LINQ that cost most in the binary, for every namespace below this one: the compiler finds these before those of
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

    public static IEnumerable<T> Skip<T>(this IEnumerable<T> source, int count)
    {
        foreach (T item in source)
        {
            if (count-- <= 0) yield return item;
        }
    }

    public static IEnumerable<T> Take<T>(this IEnumerable<T> source, int count)
    {
        if (count <= 0) yield break;
        foreach (T item in source)
        {
            yield return item;
            if (--count == 0) yield break;
        }
    }

    public static IEnumerable<TResult> Zip<TFirst, TSecond, TResult>(this IEnumerable<TFirst> first, IEnumerable<TSecond> second, Func<TFirst, TSecond, TResult> together)
    {
        using IEnumerator<TSecond> other = second.GetEnumerator();
        foreach (TFirst item in first)
        {
            if (!other.MoveNext()) yield break;
            yield return together(item, other.Current);
        }
    }
}
