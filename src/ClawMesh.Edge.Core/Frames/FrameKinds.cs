namespace ClawMesh.Edge.Core.Frames;

/// <summary>The kinds of [W-69].</summary>
public static class FrameKinds
{
    public const string Observation = "observation";
    public const string Event = "event";
    public const string HumanInput = "human_input";
    public const string Inference = "inference";
    public const string CapabilityUpdate = "capability_update";
    public const string AgentResponse = "agent_response";
}
