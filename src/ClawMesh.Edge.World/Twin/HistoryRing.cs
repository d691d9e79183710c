namespace ClawMesh.Edge.World.Twin;

/// <summary>The means of one number over the latest steps of the site's time. A step in which nothing was heard is a gap. Not thread-safe.</summary>
internal sealed class HistoryRing(int steps)
{
    private readonly float[] _means = new float[steps];
    private readonly ushort[] _counts = new ushort[steps];
    private long _newest = long.MinValue;

    /// <summary>When something was added last, as <see cref="TimeProvider.GetTimestamp"/> counts.</summary>
    public long LastHeard { get; set; }

    /// <param name="step">Number of the step the value belongs to.</param>
    /// <param name="now">Number of the step that runs now; what lies after it is taken for it.</param>
    public void Add(long step, long now, double value)
    {
        Turn(now);
        step = Math.Min(step, now);
        if (step <= now - steps) return;
        int at = Place(step);
        int count = _counts[at];
        // Past the counter's end the mean is kept as it is; a step of fifteen minutes has nine hundred seconds.
        if (count == ushort.MaxValue) return;
        _counts[at] = (ushort)(count + 1);
        _means[at] += (float)((value - _means[at]) / (count + 1));
    }

    /// <summary>Fills windows of <paramref name="width"/> steps each, oldest first; the last one ends with the step that runs now.</summary>
    /// <returns>How many windows hold a number.</returns>
    public int Read(long now, int width, Span<float> values)
    {
        Turn(now);
        int filled = 0;
        for (int i = 0; i < values.Length; i++)
        {
            long last = now - ((long)(values.Length - 1 - i) * width);
            double sum = 0;
            long count = 0;
            for (long step = last - width + 1; step <= last; step++)
            {
                if (step <= now - steps) continue;
                int at = Place(step);
                sum += (double)_means[at] * _counts[at];
                count += _counts[at];
            }

            values[i] = count == 0 ? float.NaN : (float)(sum / count);
            if (count > 0) filled++;
        }

        return filled;
    }

    // The steps between the last turn and now begin empty. When the clock was set back, what it said of the future is forgotten.
    private void Turn(long now)
    {
        if (now == _newest) return;
        if (now > _newest) Empty(_newest, now);
        else Empty(now, _newest);
        _newest = now;
    }

    private void Empty(long after, long upTo)
    {
        if (after < upTo - steps)
        {
            Array.Clear(_means);
            Array.Clear(_counts);
            return;
        }

        for (long step = after + 1; step <= upTo; step++)
        {
            int at = Place(step);
            (_means[at], _counts[at]) = (0, 0);
        }
    }

    private int Place(long step) => (int)(((step % steps) + steps) % steps);
}
