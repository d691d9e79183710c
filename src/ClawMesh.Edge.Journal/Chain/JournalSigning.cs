using ClawMesh.Edge.Core.Identity;

namespace ClawMesh.Edge.Journal.Chain;

/// <summary>Who signs heads and checkpoints, who checks them, and where the head is kept.</summary>
internal sealed record JournalSigning(ISigner Signer, ISignatureVerifier Verifier, IHeadFile HeadFile);
