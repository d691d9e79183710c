namespace ClawMesh.Edge.World.Planner;

/// <summary>Whether a stretch of the day touches quiet hours. Pure.</summary>
public static class QuietTime
{
    /// <param name="fromHour">Hour of the site's day at which it begins; may pass 24.</param>
    /// <param name="lengthHours">How long it lasts; less than a day.</param>
    public static bool Touches(IReadOnlyList<QuietSpan> quiet, double fromHour, double lengthHours)
    {
        double from = fromHour % 24;
        for (int i = 0; i < quiet.Count; i++)
        {
            double begin = quiet[i].FromHour, end = quiet[i].ToHour;
            if (end <= begin) end += 24;
            // The span of today, and the one of yesterday or tomorrow that reaches in.
            for (int day = -24; day <= 24; day += 24)
            {
                if (from < end + day && from + lengthHours > begin + day) return true;
            }
        }

        return false;
    }
}
