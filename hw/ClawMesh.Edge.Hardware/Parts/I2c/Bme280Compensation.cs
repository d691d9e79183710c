using System.Buffers.Binary;

namespace ClawMesh.Edge.Hardware.Parts.I2c;

/// <summary>From the BME280's raw results to units: the formulas in double precision of the datasheet's appendix (8.1), with the coefficients of one part (4.2.2, table 16). Pure.</summary>
internal sealed class Bme280Compensation
{
    /// <summary>Registers 0x88 to 0xa1.</summary>
    public const int FirstLength = 26;

    /// <summary>Registers 0xe1 to 0xe7.</summary>
    public const int SecondLength = 7;

    private readonly double _t1, _t2, _t3;
    private readonly double _p1, _p2, _p3, _p4, _p5, _p6, _p7, _p8, _p9;
    private readonly double _h1, _h2, _h3, _h4, _h5, _h6;

    public Bme280Compensation(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        _t1 = BinaryPrimitives.ReadUInt16LittleEndian(first);
        (_t2, _t3) = (Signed(first, 2), Signed(first, 4));
        _p1 = BinaryPrimitives.ReadUInt16LittleEndian(first[6..]);
        (_p2, _p3, _p4, _p5) = (Signed(first, 8), Signed(first, 10), Signed(first, 12), Signed(first, 14));
        (_p6, _p7, _p8, _p9) = (Signed(first, 16), Signed(first, 18), Signed(first, 20), Signed(first, 22));
        _h1 = first[25];
        _h2 = Signed(second, 0);
        _h3 = second[2];
        // Two numbers of 12 bits share 0xe5.
        _h4 = ((sbyte)second[3] << 4) | (second[4] & 0x0f);
        _h5 = ((sbyte)second[5] << 4) | (second[4] >> 4);
        _h6 = (sbyte)second[6];
    }

    /// <summary>°C.</summary>
    public static double Temperature(double fine) => fine / 5120;

    /// <summary>The fine temperature the other two formulas need.</summary>
    public double Fine(int raw)
    {
        double coarse = ((raw / 16384.0) - (_t1 / 1024)) * _t2;
        double offset = (raw / 131072.0) - (_t1 / 8192);
        return coarse + (offset * offset * _t3);
    }

    /// <summary>Pa; NaN with coefficients no part has.</summary>
    public double Pressure(double fine, int raw)
    {
        double x = (fine / 2) - 64000;
        double offset = ((x * x * _p6 / 32768) + (x * _p5 * 2)) / 4 + (_p4 * 65536);
        double slope = (1 + ((((_p3 * x * x / 524288) + (_p2 * x)) / 524288) / 32768)) * _p1;
        if (slope == 0) return double.NaN;
        double p = (1048576 - raw - (offset / 4096)) * 6250 / slope;
        return p + (((_p9 * p * p / 2147483648) + (p * _p8 / 32768) + _p7) / 16);
    }

    /// <summary>% relative, 0 to 100.</summary>
    public double Humidity(double fine, int raw)
    {
        double x = fine - 76800;
        double h = (raw - ((_h4 * 64) + (_h5 / 16384 * x))) * (_h2 / 65536 * (1 + (_h6 / 67108864 * x * (1 + (_h3 / 67108864 * x)))));
        return Math.Clamp(h * (1 - (_h1 * h / 524288)), 0, 100);
    }

    private static double Signed(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadInt16LittleEndian(bytes[at..]);
}
