using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace ClawMesh.Edge.Hardware.Identity;

/// <summary>
/// The text of <c>tls.pem</c>: a self-signed certificate and its ECDSA P-256 key, written with the few DER elements such a pair has.
/// The general builders of the base library can do much more and would be the larger part of TLS in the binary.
/// </summary>
internal static class CertificatePem
{
    /// <summary>A pair made here has about 850 bytes; one from elsewhere may bring a chain.</summary>
    internal const int MaxBytes = 64 * 1024;

    private const int ScalarBytes = 32;

    // Long before any node was made, so that one without a battery-backed clock accepts its peers' certificates too.
    private static readonly DateTimeOffset NotBefore = new(2024, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly byte[] EcdsaWithSha256 = Convert.FromHexString("300a06082a8648ce3d040302");

    // SubjectPublicKeyInfo of P-256 up to the uncompressed point.
    private static readonly byte[] SpkiPrefix = Convert.FromHexString("3059301306072a8648ce3d020106082a8648ce3d03010703420004");

    // PKCS#8 of P-256, RFC 5915 inside, with the public key; the private scalar and the point stand between these.
    private static readonly byte[] KeyPrefix = Convert.FromHexString("308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420");
    private static readonly byte[] KeyMiddle = Convert.FromHexString("a14403420004");
    private static readonly int KeyBytes = KeyPrefix.Length + ScalarBytes + KeyMiddle.Length + 2 * ScalarBytes;

    /// <summary>A new key with a certificate for ten years. The caller wipes the result.</summary>
    /// <param name="name">1 to 64 ASCII characters.</param>
    /// <param name="now">A clock that stands before 2024 has not been set; the years then count from 2024.</param>
    internal static byte[] Create(string name, DateTimeOffset now)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        ECParameters parameters = key.ExportParameters(includePrivateParameters: true);
        byte[] secret = [.. KeyPrefix, .. parameters.D!, .. KeyMiddle, .. parameters.Q.X!, .. parameters.Q.Y!];
        char[] pem = [];
        try
        {
            byte[] body = Body(name, (now > NotBefore ? now : NotBefore).AddYears(10), [.. SpkiPrefix, .. parameters.Q.X!, .. parameters.Q.Y!]);
            byte[] signature = key.SignData(body, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
            byte[] certificate = Der(0x30, body, EcdsaWithSha256, Der(0x03, [0], signature));
            pem = PemEncoding.Write("PRIVATE KEY", secret);
            return [.. Encoding.ASCII.GetBytes(PemEncoding.Write("CERTIFICATE", certificate)), (byte)'\n', .. Encoding.ASCII.GetBytes(pem), (byte)'\n'];
        }
        finally
        {
            CryptographicOperations.ZeroMemory(parameters.D);
            CryptographicOperations.ZeroMemory(secret);
            Array.Clear(pem);
        }
    }

    /// <summary>The first certificate of the text with the first private key. Null, and <paramref name="problem"/>, when they are no usable pair.</summary>
    internal static X509Certificate2? Parse(byte[] text, out string problem)
    {
        char[] pem = Encoding.ASCII.GetChars(text);
        byte[] secret = [];
        try
        {
            if (Find(pem, "CERTIFICATE") is not { } der)
            {
                problem = "it holds no certificate";
                return null;
            }

            secret = Find(pem, "PRIVATE KEY") ?? [];
            using ECDsa? key = Key(secret);
            if (key is null)
            {
                problem = "it holds no ECDSA P-256 private key in PKCS#8";
                return null;
            }

            using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(der);
            problem = "";
            return certificate.CopyWithPrivateKey(key);
        }
        catch (Exception bad) when (bad is CryptographicException or ArgumentException)
        {
            problem = "the certificate or the key is damaged, or they do not belong together";
            return null;
        }
        finally
        {
            Array.Clear(pem);
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    private static ECDsa? Key(ReadOnlySpan<byte> secret)
    {
        int middle = KeyPrefix.Length + ScalarBytes;
        int point = middle + KeyMiddle.Length;
        if (secret.Length != KeyBytes || !secret.StartsWith(KeyPrefix) || !secret[middle..].StartsWith(KeyMiddle)) return null;
        byte[] scalar = secret.Slice(KeyPrefix.Length, ScalarBytes).ToArray();
        try
        {
            return ECDsa.Create(new ECParameters
            {
                Curve = ECCurve.NamedCurves.nistP256,
                D = scalar,
                Q = new ECPoint { X = secret.Slice(point, ScalarBytes).ToArray(), Y = secret.Slice(point + ScalarBytes, ScalarBytes).ToArray() },
            });
        }
        finally
        {
            CryptographicOperations.ZeroMemory(scalar);
        }
    }

    // The caller wipes what is secret.
    private static byte[]? Find(ReadOnlySpan<char> pem, string label)
    {
        while (PemEncoding.TryFind(pem, out PemFields fields))
        {
            if (pem[fields.Label].SequenceEqual(label))
            {
                byte[] der = new byte[fields.DecodedDataLength];
                return Convert.TryFromBase64Chars(pem[fields.Base64Data], der, out int written) && written == der.Length ? der : null;
            }

            pem = pem[fields.Location.End..];
        }

        return null;
    }

    private static byte[] Body(string name, DateTimeOffset notAfter, byte[] publicKey)
    {
        byte[] serial = RandomNumberGenerator.GetBytes(16);
        // Positive, and without a leading zero byte.
        serial[0] = (byte)((serial[0] & 0x3f) | 0x40);
        byte[] text = Encoding.ASCII.GetBytes(name);
        byte[] commonName = Der(0x30, Der(0x31, Der(0x30, Der(0x06, [0x55, 0x04, 0x03]), Der(0x0c, text))));
        // Some libraries read the name from the alternative names alone.
        byte[] alternative = Der(0x30, Der(0x06, [0x55, 0x1d, 0x11]), Der(0x04, Der(0x30, Der(0x82, text))));
        return Der(
            0x30,
            Der(0xa0, [0x02, 0x01, 0x02]),
            Der(0x02, serial),
            EcdsaWithSha256,
            commonName,
            Der(0x30, Moment(NotBefore), Moment(notAfter)),
            commonName,
            publicKey,
            Der(0xa3, Der(0x30, alternative)));
    }

    // Two digits for the year up to 2049, four from then on (RFC 5280, 4.1.2.5).
    private static byte[] Moment(DateTimeOffset moment) => moment.Year < 2050
        ? Der(0x17, Encoding.ASCII.GetBytes(moment.UtcDateTime.ToString("yyMMddHHmmss'Z'", CultureInfo.InvariantCulture)))
        : Der(0x18, Encoding.ASCII.GetBytes(moment.UtcDateTime.ToString("yyyyMMddHHmmss'Z'", CultureInfo.InvariantCulture)));

    // One element; nothing here reaches 64 KiB.
    private static byte[] Der(byte tag, params ReadOnlySpan<byte[]> parts)
    {
        int length = 0;
        foreach (byte[] part in parts) length += part.Length;
        byte[] head = length switch
        {
            < 0x80 => [tag, (byte)length],
            < 0x100 => [tag, 0x81, (byte)length],
            _ => [tag, 0x82, (byte)(length >> 8), (byte)length],
        };
        byte[] element = new byte[head.Length + length];
        head.CopyTo(element, 0);
        int at = head.Length;
        foreach (byte[] part in parts)
        {
            part.CopyTo(element, at);
            at += part.Length;
        }

        return element;
    }
}
