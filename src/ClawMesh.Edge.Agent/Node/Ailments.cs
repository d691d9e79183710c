using ClawMesh.Edge.Agent.Update;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Lifecycle;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>
/// What is wrong with a node that a new version of it could have caused. Peers, discovery, the clock and a single sensor are left out:
/// they fail by themselves in any field, and an update must not be undone by weather.
/// </summary>
internal static class Ailments
{
    private static readonly TimeSpan TickLimit = TimeSpan.FromSeconds(1);

    public static List<string> Of(SubsystemBoard subsystems, JournalState journal, TimeSpan sinceLastTick)
    {
        var words = new List<string>();
        if (sinceLastTick >= TickLimit) words.Add(HealthWords.Tick);
        if (journal != JournalState.Ready) words.Add(HealthWords.Journal);
        bool port = false;
        bool socket = false;
        int sensors = 0;
        int silent = 0;
        foreach (Subsystem s in subsystems.All)
        {
            bool works = s.State is DriverState.Active or DriverState.Ready;
            switch (s.Group)
            {
                case "subsystem" when s.Name == "mesh":
                    port = works;
                    break;
                case "subsystem" when s.Name == "local socket":
                    socket = works;
                    break;
                // The journal has said what it is above.
                case "subsystem" when s.Name != "journal" && s.State is DriverState.Failed or DriverState.Blocked:
                    words.Add(HealthWords.Word(HealthWords.Part, s.Name));
                    break;
                case "actuator" when s.State is DriverState.Failed or DriverState.Blocked:
                    words.Add(HealthWords.Word(HealthWords.Output, s.Name));
                    break;
                case "sensor":
                    sensors++;
                    if (s.State is DriverState.Failed or DriverState.Blocked) silent++;
                    break;
            }
        }

        if (!port) words.Add(HealthWords.Port);
        if (!socket) words.Add(HealthWords.Socket);
        if (sensors > 0 && silent == sensors) words.Add(HealthWords.Sensors);
        return words;
    }
}
