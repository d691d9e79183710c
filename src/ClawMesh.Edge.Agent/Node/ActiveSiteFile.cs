using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Boards;
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
    /// <param name="content">What <see cref="ActiveSite.Write"/> made of the site and the board that were read at the start; their files may say something else by now.</param>
    public static string? TryWrite(StateDirectory state, byte[] content)
    {
        try
        {
            AtomicFile.Write(state.ActiveSiteFile, content, UnixMode.OwnerOnly);
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

    /// <summary>Null when a site and its board read now are what a node started with; otherwise what that means.</summary>
    /// <param name="started">The bytes made at the start.</param>
    public static string? Difference(byte[] started, string name, Site now, BoardCatalog boards) =>
        ActiveSite.Write(now, boards).AsSpan().SequenceEqual(started)
            ? null
            : $"The file of site '{name}' or of its board '{now.Board}' is not the one this node runs, and needs a restart: outputs and buses are claimed at the start.";
}
