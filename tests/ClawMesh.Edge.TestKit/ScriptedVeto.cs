using ClawMesh.Edge.Core.Actuation;

namespace ClawMesh.Edge.TestKit;

/// <summary>A veto that says what a test wants it to say, and remembers what it was asked.</summary>
public sealed class ScriptedVeto(Func<AllowedCommand, Restriction> answer) : IActuationVeto
{
    private readonly List<AllowedCommand> _asked = [];

    public IReadOnlyList<AllowedCommand> Asked => _asked;

    /// <summary>Leaves out the first few.</summary>
    public void Forget(int first) => _asked.RemoveRange(0, first);

    public Restriction Consider(AllowedCommand command)
    {
        _asked.Add(command);
        return answer(command);
    }
}
