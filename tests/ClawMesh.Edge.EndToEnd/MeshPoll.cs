using System.Diagnostics;

namespace ClawMesh.Edge.EndToEnd;

/// <summary>Waits for something another process does: looks again and again, until a deadline that says what was waited for.</summary>
internal static class MeshPoll
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    public static async Task UntilAsync(Func<Task<bool>> condition, string what, TimeSpan limit, Func<Task<string>>? state = null)
    {
        long started = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(started) > limit)
                throw new TimeoutException($"waited {limit.TotalSeconds:0} s for {what}{(state is null ? "" : $"; the last look: {await state()}")}");
            await Task.Delay(Pause);
        }
    }
}
