using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Hardware.Jetson;

/// <summary>The constructed file trees of data/jetson; its README says what they are made from.</summary>
internal static class JetsonTrees
{
    public static readonly string[] Families = ["orin-nano", "agx-orin", "xavier-nx", "agx-xavier", "tx2", "nano", "thor"];

    public static void Unpack(string family, string root) =>
        FileTree.Unpack(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "data", "jetson", family + ".tree")), root);
}
