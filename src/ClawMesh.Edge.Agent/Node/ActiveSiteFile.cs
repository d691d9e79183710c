using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.Hardware.Sites;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>Leaves the site this node runs where <c>safe-state</c> finds it after a death.</summary>
internal static class ActiveSiteFile
{
    /// <summary>
    /// Null when it was written; otherwise what that costs. A read-only disk must not keep the node from sensing. An older node's file
    /// must not stay behind: safe-state would take its outputs for ours.
    /// </summary>
    public static string? TryWrite(StateDirectory state, Site site)
    {
        try
        {
            AtomicFile.Write(state.ActiveSiteFile, ActiveSite.Write(site, Sites.Boards), UnixMode.OwnerOnly);
            return null;
        }
        catch (EdgeException failed)
        {
            try
            {
                File.Delete(state.ActiveSiteFile);
            }
            catch (Exception kept) when (kept is IOException or UnauthorizedAccessException)
            {
                return $"'{state.ActiveSiteFile}' could neither be written nor removed: {failed.Why} {kept.Message} After a death, `safe-state` must be told the site with --site.";
            }

            return $"'{state.ActiveSiteFile}' could not be written: {failed.Why} After a death, `safe-state` must be told the site with --site.";
        }
    }
}
