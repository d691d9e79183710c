namespace ClawMesh.Edge.Agent.Llm;

/// <summary>Codes of <c>llm.infer</c> and <c>llm.cancel</c> ([W-144], [W-145]).</summary>
internal static class LlmErrorCodes
{
    public const string ModelUnavailable = "LLM_MODEL_UNAVAILABLE";
    public const string Busy = "LLM_BUSY";
    public const string Timeout = "LLM_TIMEOUT";
    public const string Backpressure = "LLM_BACKPRESSURE";
    public const string Cancelled = "LLM_CANCELLED";
}

/// <summary>The model server did not do what it should. The message holds nothing of what it was asked or what it said.</summary>
internal sealed class ModelServerException(string why, Exception? inner = null) : Exception(why, inner);
