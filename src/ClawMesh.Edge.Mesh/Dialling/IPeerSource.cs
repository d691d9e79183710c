namespace ClawMesh.Edge.Mesh.Dialling;

/// <summary>Finds addresses of devices, for example by discovery. It only finds; trust and the rules of [W-39] decide who is dialled.</summary>
public interface IPeerSource
{
    /// <summary>What is known now; a snapshot, at most 256 candidates ([W-38]).</summary>
    IReadOnlyList<DialCandidate> Found { get; }
}
