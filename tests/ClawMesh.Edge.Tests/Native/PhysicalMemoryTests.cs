using System.Buffers.Binary;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Native.Linux;

namespace ClawMesh.Edge.Tests.Native;

public sealed class PhysicalMemoryTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void A_word_is_read_from_its_place_on_its_page()
    {
        int page = Environment.SystemPageSize;
        var content = new byte[3 * page];
        BinaryPrimitives.WriteUInt32LittleEndian(content.AsSpan((2 * page) + 0x68), 0x454);
        BinaryPrimitives.WriteUInt32LittleEndian(content.AsSpan(page - 4), 0xdeadbeef);
        File.WriteAllBytes(_scratch.At("mem"), content);

        using var memory = PhysicalMemory.Open(_scratch.At("mem"));

        Assert.Equal(0x454u, memory.Read32((2 * page) + 0x68));
        Assert.Equal(0xdeadbeefu, memory.Read32(page - 4));
        Assert.Equal(0u, memory.Read32(0));
    }

    [Fact]
    public void A_word_lies_on_a_multiple_of_four()
    {
        File.WriteAllBytes(_scratch.At("mem"), new byte[16]);
        using var memory = PhysicalMemory.Open(_scratch.At("mem"));

        Assert.Throws<ArgumentOutOfRangeException>(() => memory.Read32(2));
    }

    [Fact]
    public void What_cannot_be_opened_or_mapped_is_told()
    {
        Directory.CreateDirectory(_scratch.At("directory"));
        using var memory = PhysicalMemory.Open(_scratch.At("directory"));

        Assert.Equal("pinmux.not_read", Assert.Throws<EdgeException>(() => memory.Read32(0)).Code);
        EdgeException absent = Assert.Throws<EdgeException>(() => PhysicalMemory.Open(_scratch.At("nothing")));
        Assert.Equal(("pinmux.no_memory", FailureClass.Auth), (absent.Code, absent.FailureClass));
    }
}
