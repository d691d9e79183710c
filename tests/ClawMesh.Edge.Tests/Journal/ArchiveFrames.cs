using System.Text;
using ClawMesh.Edge.Core.Storage;

namespace ClawMesh.Edge.Tests.Journal;

/// <summary>Frames for tests of the archive: an origin is one letter, 64 times.</summary>
internal static class ArchiveFrames
{
    public const string Epoch = "019f0000000000aa";
    public const string NextEpoch = "019f0000000000bb";

    public static readonly string A = new('a', 64);
    public static readonly string B = new('b', 64);

    /// <summary>06:00 of the day that <see cref="TestKit.ManualTime"/> begins with.</summary>
    public const long Start = 1_795_240_800_000;

    public static ArchivedFrame Signed(
        string origin, long sequence, string epoch = Epoch, FrameClass frameClass = FrameClass.Bulk, int size = 100, long at = Start, string? id = null) =>
        new(origin, id ?? $"{origin[0]}-{epoch[^2..]}-{sequence}", "observation", epoch, sequence, at, at, frameClass, Text($"{epoch[^2..]}-{sequence}", size));

    public static ArchivedFrame Classic(string origin, int number, long at = Start, FrameClass frameClass = FrameClass.Bulk, int size = 100) =>
        new(origin, $"{origin[0]}-classic-{number}", "observation", null, 0, at, at, frameClass, Text($"classic-{number}", size));

    public static SequenceKnowledge Known(string origin, long highest, string epoch = Epoch, params SequenceRange[] gaps) => new(origin, epoch, highest, gaps, [], []);

    public static IEnumerable<long> Numbers(this IEnumerable<ArchivedFrame> frames) => frames.Select(f => f.Sequence);

    public static IEnumerable<string> Ids(this IEnumerable<ArchivedFrame> frames) => frames.Select(f => f.FrameId);

    private static byte[] Text(string name, int size) => Encoding.UTF8.GetBytes($$"""{"n":"{{name}}"}""".PadRight(size));
}
