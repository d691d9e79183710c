using ClawMesh.Edge.Hardware.Boards;
using ClawMesh.Edge.Hardware.Buses;

namespace ClawMesh.Edge.Hardware.Parts;

/// <summary>What a part finds around it when it is opened.</summary>
/// <param name="Board">Null when the site's board has no file any more.</param>
public sealed record PartSite(IHardwarePorts Ports, SiteBuses Buses, BoardDefinition? Board, TimeProvider Time);
