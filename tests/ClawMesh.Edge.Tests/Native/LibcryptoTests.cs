using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Native.Crypto;

namespace ClawMesh.Edge.Tests.Native;

public class LibcryptoTests
{
    [Fact]
    public void The_version_names_OpenSSL() => Assert.StartsWith("OpenSSL ", Libcrypto.Version());

    [Fact]
    public void A_machine_without_libcrypto_is_told_which_package_to_install()
    {
        var fault = Assert.Throws<EdgeException>(() => Libcrypto.Load(["libcrypto.so.none"]));

        Assert.Equal("crypto.library_missing", fault.Code);
        Assert.Contains("libcrypto.so.none", fault.Why);
        Assert.Contains("libssl3", fault.Fix);
    }

    [Fact]
    public void A_library_without_Ed25519_is_called_too_old()
    {
        var fault = Assert.Throws<EdgeException>(() => Libcrypto.Load(["libc.so.6"]));

        Assert.Contains("older than OpenSSL 1.1.1", fault.Why);
    }
}
