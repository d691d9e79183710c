using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Storage;

namespace ClawMesh.Edge.Mesh.Origin;

/// <summary>Writes a setting that is worth keeping and not worth stopping for.</summary>
internal static class SettingNote
{
    /// <summary>False when the journal could not take it.</summary>
    public static async Task<bool> TryWriteAsync(ISettingsStore settings, string key, string value)
    {
        try
        {
            await settings.SetAsync(key, value, CancellationToken.None);
            return true;
        }
        catch (EdgeException)
        {
            return false;
        }
    }
}
