using System.Text.Json;

namespace ClawMesh.Edge.Tests.Native;

/// <summary>The recorded vectors beside the test binary; origin and notice are in data/golden/README.md.</summary>
internal static class GoldenData
{
    internal static string PathOf(string name) => Path.Combine(AppContext.BaseDirectory, "data", "golden", name);

    internal static JsonElement Json(string name)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(PathOf(name)));
        return document.RootElement.Clone();
    }

    internal static string Text(this JsonElement element, string member) => element.GetProperty(member).GetString()!;

    internal static byte[] Hex(this JsonElement element, string member) => Convert.FromHexString(element.Text(member));

    internal static byte[] Base64Url(this JsonElement element, string member) =>
        System.Buffers.Text.Base64Url.DecodeFromChars(element.Text(member));
}
