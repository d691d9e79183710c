using ClawMesh.Edge.Agent.Update;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Agent.Update;

public sealed class BundleTests : IDisposable
{
    private static readonly byte[] Content = "a binary"u8.ToArray();

    private readonly BundleMaker _maker = new();
    private readonly ScratchDirectory _scratch = new();

    [Fact]
    public void A_bundle_is_unpacked_with_its_folders_modes_and_its_manifest_beside_it()
    {
        byte[] note = "read me"u8.ToArray();
        string manifest = BundleMaker.Manifest("0.2.0", $"{BundleMaker.Entry("clawmesh-edge", Content)},{BundleMaker.Entry("share/doc/note", note, "0644")}");
        using Bundle bundle = Open(_maker.Sign(manifest, Content, note));

        bundle.Unpack(_scratch.At("out"));

        Assert.Equal(("0.2.0", "linux-x64", "the operator"), (bundle.Manifest.Version, bundle.Manifest.Rid, bundle.Signer));
        Assert.Equal(Content, File.ReadAllBytes(_scratch.At("out/clawmesh-edge")));
        Assert.Equal(note, File.ReadAllBytes(_scratch.At("out/share/doc/note")));
        Assert.Equal(manifest, File.ReadAllText(_scratch.At("out/manifest.json")));
        Assert.Equal("0755", UnixMode.Octal(File.GetUnixFileMode(_scratch.At("out/clawmesh-edge"))));
        Assert.Equal("0644", UnixMode.Octal(File.GetUnixFileMode(_scratch.At("out/share/doc/note"))));
    }

    [Theory]
    [InlineData("../clawmesh-edge")]
    [InlineData("/etc/passwd")]
    [InlineData("a/../b")]
    [InlineData("a//b")]
    [InlineData("a/")]
    [InlineData(".hidden")]
    [InlineData("-rf")]
    [InlineData("a b")]
    [InlineData("a\\\\b")]
    [InlineData("manifest.json")]
    [InlineData("clawmesh-edge/inside")]
    [InlineData("clawmesh-edge")]
    [InlineData("")]
    public void A_path_that_is_not_a_plain_new_name_is_refused(string path) =>
        Refused(BundleMaker.Manifest("0.2.0", $"{BundleMaker.Entry("clawmesh-edge", Content)},{BundleMaker.Entry(path, Content)}"));

    [Fact]
    public void A_path_longer_than_128_characters_is_refused() =>
        Refused(BundleMaker.Manifest("0.2.0", $"{BundleMaker.Entry("clawmesh-edge", Content)},{BundleMaker.Entry(new string('a', 129), Content)}"));

    [Theory]
    [InlineData("0777")]
    [InlineData("4755")]
    [InlineData("755")]
    [InlineData("")]
    public void A_mode_other_than_the_two_is_refused(string mode) =>
        Refused(BundleMaker.Manifest("0.2.0", $"{BundleMaker.Entry("clawmesh-edge", Content)},{BundleMaker.Entry("b", Content, mode)}"));

    [Theory]
    [InlineData(-1L)]
    [InlineData(268435457L)]
    [InlineData(long.MaxValue)]
    public void A_size_out_of_bounds_is_refused(long size) =>
        Refused(BundleMaker.Manifest("0.2.0", $"{BundleMaker.Entry("clawmesh-edge", Content)},{BundleMaker.Entry("b", Content, size: size)}"));

    [Fact]
    public void Sizes_that_are_too_much_together_are_refused() => Refused(BundleMaker.Manifest(
        "0.2.0", $"{BundleMaker.Entry("clawmesh-edge", Content)},{BundleMaker.Entry("b", Content, size: 200_000_000)},{BundleMaker.Entry("c", Content, size: 200_000_000)}"));

    [Fact]
    public void More_than_64_files_are_refused() =>
        Refused(BundleMaker.Manifest("0.2.0", string.Join(',', Enumerable.Range(0, 65).Select(i => BundleMaker.Entry($"f{i}", Content)))));

    [Theory]
    [InlineData("other", "0755")]
    [InlineData("clawmesh-edge", "0644")]
    public void Without_an_executable_clawmesh_edge_it_is_refused(string path, string mode) => Refused(BundleMaker.Manifest("0.2.0", BundleMaker.Entry(path, Content, mode)));

    [Theory]
    [InlineData("")]
    [InlineData("v1")]
    [InlineData("1/2")]
    [InlineData("..")]
    [InlineData("1 2")]
    [InlineData("packaged")]
    public void A_version_that_is_no_name_for_a_folder_is_refused(string version) => Refused(BundleMaker.Manifest(version, BundleMaker.Entry("clawmesh-edge", Content)));

    [Theory]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"schema":2}""")]
    [InlineData("""{"schema":1,"name":"other","version":"1","files":[]}""")]
    [InlineData("""{"schema":1,"name":"clawmesh-edge","version":"1","files":{}}""")]
    [InlineData("""{"schema":1,"name":"clawmesh-edge","version":"1","files":[7]}""")]
    [InlineData("""{"schema":1,"schema":1}""")]
    [InlineData("not JSON")]
    public void A_manifest_of_another_form_is_refused(string manifest) => Refused(manifest);

    [Fact]
    public void A_manifest_line_without_end_is_refused() => Refused(new string(' ', 70_000));

    [Fact]
    public void A_changed_byte_anywhere_is_noticed_before_anything_is_kept()
    {
        byte[] good = _maker.Of("0.2.0", Content);
        int bodyAt = good.Length - Content.Length;
        for (int i = 0; i < good.Length; i++)
        {
            byte[] changed = [.. good];
            changed[i] ^= 1;

            EdgeException refused = Assert.Throws<EdgeException>(() =>
            {
                using Bundle bundle = Open(changed);
                Assert.True(i >= bodyAt, $"byte {i} of the header was changed and the bundle was opened");
                bundle.Unpack(_scratch.At($"out{i}"));
            });
            Assert.Contains(refused.Code, (string[])["update.bundle_invalid", "update.signature_wrong"]);
        }
    }

    [Fact]
    public void A_bundle_that_was_cut_short_or_prolonged_is_refused()
    {
        byte[] good = _maker.Of("0.2.0", Content);

        for (int length = 0; length < good.Length; length++) Assert.Throws<EdgeException>(() => Open(good[..length]));
        Assert.Equal("update.bundle_invalid", Assert.Throws<EdgeException>(() => Open([.. good, 0])).Code);
    }

    [Fact]
    public void A_signature_of_another_key_is_refused_and_says_how_many_may_sign()
    {
        using var other = Ed25519Signer.FromSeed(new byte[32]);
        OperatorKeys keys = OperatorKeys.Parse($"{System.Buffers.Text.Base64Url.EncodeToString(other.PublicKey.Span)} somebody else", "update.keys");
        string path = _scratch.At("bundle");
        File.WriteAllBytes(path, _maker.Of("0.2.0", Content));

        EdgeException refused = Assert.Throws<EdgeException>(() => Bundle.Open(path, keys, new Ed25519Verifier()));

        Assert.Equal("update.signature_wrong", refused.Code);
        Assert.Contains("none of the 1 keys", refused.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_there_is_an_error_with_its_name()
    {
        EdgeException refused = Assert.Throws<EdgeException>(() => Bundle.Open(_scratch.At("nowhere"), _maker.Keys, new Ed25519Verifier()));

        Assert.Equal("update.bundle_invalid", refused.Code);
        Assert.Contains("nowhere", refused.What, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _maker.Dispose();
        _scratch.Dispose();
    }

    private Bundle Open(byte[] bytes)
    {
        string path = _scratch.At("bundle");
        File.WriteAllBytes(path, bytes);
        return Bundle.Open(path, _maker.Keys, new Ed25519Verifier());
    }

    private void Refused(string manifest)
    {
        EdgeException refused = Assert.Throws<EdgeException>(() => Open(_maker.Sign(manifest, Content)));

        Assert.Equal("update.bundle_invalid", refused.Code);
        Assert.DoesNotContain("signature", refused.Why, StringComparison.Ordinal);
    }
}
