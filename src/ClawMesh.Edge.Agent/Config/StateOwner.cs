using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Agent.Config;

/// <summary>Whose state directory it is. What root writes into the directory of the service's user, the service could not open afterwards.</summary>
internal static class StateOwner
{
    /// <exception cref="EdgeException"><c>state.other_owner</c>.</exception>
    public static void CheckMayWrite(StateDirectory state, string what)
    {
        if (HostKernel.EffectiveUserId != 0 || PathAccess.OwnerOf(state.Path) is not { UserId: > 0 } owner) return;
        string user = new UnixUsers().NameOf(owner.UserId) ?? $"#{owner.UserId}";
        throw new EdgeException(
            "state.other_owner", what, $"'{state.Path}' belongs to {user}; files that root makes there could not be opened by the node.",
            $"Run it as that user: sudo -u '{user}' clawmesh-edge …", FailureClass.Config);
    }
}
