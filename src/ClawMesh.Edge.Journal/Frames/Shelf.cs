using ClawMesh.Edge.Core.Storage;

namespace ClawMesh.Edge.Journal.Frames;

/// <summary>Column <c>shelf</c>: what decides how long a frame is kept. The class, plus <see cref="Signed"/> where the frame is verified.</summary>
internal static class Shelf
{
    public const int Count = 6;
    public const int Classic = 0;
    public const int Signed = 3;

    /// <summary>Added to <see cref="Classic"/> or <see cref="Signed"/>.</summary>
    public const int Safety = (int)FrameClass.Safety;

    public static int Of(ArchivedFrame frame) => Math.Clamp((int)frame.Class, 0, Safety) + (frame.Epoch is null ? Classic : Signed);

    public static FrameClass ClassOf(long shelf) => (FrameClass)Math.Clamp(shelf % Signed, 0, Safety);
}
