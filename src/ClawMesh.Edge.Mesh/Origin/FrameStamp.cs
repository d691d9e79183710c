namespace ClawMesh.Edge.Mesh.Origin;

/// <summary>The four members an Edge origin adds to its frames ([X-12]), well formed; whether the signature is good is another question.</summary>
public sealed record FrameStamp(string Epoch, long Sequence, string Hlc, byte[] Signature);

/// <summary>What a frame is worth here, by where it came from and what was proved of it ([X-18]).</summary>
public enum FrameStanding
{
    /// <summary>This node's own.</summary>
    Own,

    /// <summary>Signed by an origin of the trust store.</summary>
    Verified,

    /// <summary>Unsigned, on the session of its own origin.</summary>
    Session,

    /// <summary>Unsigned, passed on, of an origin that was never seen signing.</summary>
    UnsignedClassic,

    /// <summary>Of an origin that is not in the trust store, signed or not.</summary>
    UnknownOrigin,

    /// <summary>Unsigned, though its origin signs: dropped.</summary>
    Stripped,

    /// <summary>A malformed member or a wrong signature: dropped, and counted against the session.</summary>
    Invalid,
}
