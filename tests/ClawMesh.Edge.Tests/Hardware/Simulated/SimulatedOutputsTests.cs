using System.Buffers.Binary;
using System.Text;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Simulated;

namespace ClawMesh.Edge.Tests.Hardware.Simulated;

public sealed class SimulatedOutputsTests : IDisposable
{
    private static readonly ActuatorId Valve = new("actuator:valve:zone-1");
    private static readonly ActuatorId Pump = new("actuator:pump:P1");

    private readonly string _directory = Directory.CreateTempSubdirectory("clawmesh-outputs-").FullName;

    private string FilePath => SimulatedOutputs.PathIn(_directory);

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void A_state_outlives_whoever_wrote_it()
    {
        using (SimulatedOutputs first = Open(Valve, Pump)) first.Write(Valve, OutputValue.Active);

        using SimulatedOutputs second = Open(Valve, Pump);

        Assert.Equal(OutputValue.Active, second.Read(Valve));
        Assert.Equal(OutputValue.Inactive, second.Read(Pump));
    }

    [Fact]
    public void A_write_is_seen_from_outside_while_the_file_is_mapped()
    {
        using SimulatedOutputs outputs = Open(Valve, Pump);

        outputs.Write(Pump, new OutputValue(0.25));
        outputs.Write(Pump, OutputValue.Active);

        Assert.Equal(
            [new SimulatedOutputState(Valve.Value, 0, 0), new SimulatedOutputState(Pump.Value, 1, 2)],
            SimulatedOutputs.ReadFile(FilePath));
    }

    [Fact]
    public void The_bytes_are_where_the_layout_says()
    {
        using (SimulatedOutputs outputs = Open(Valve, Pump)) outputs.Write(Pump, OutputValue.Active);

        byte[] bytes = File.ReadAllBytes(FilePath);

        Assert.Equal(64 + (2 * 64), bytes.Length);
        Assert.Equal("CMSIMOUT", Encoding.ASCII.GetString(bytes, 0, 8));
        Assert.Equal(1u, BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(8)));
        Assert.Equal(2u, BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(12)));
        Assert.Equal(64u, BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(16)));
        Assert.Equal(Pump.Value.PadRight(48, '\0'), Encoding.UTF8.GetString(bytes, 128, 48));
        Assert.Equal(1.0, BinaryPrimitives.ReadDoubleLittleEndian(bytes.AsSpan(128 + 48)));
        Assert.Equal(1u, BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(128 + 56)));
    }

    [Fact]
    public void An_output_that_joins_later_takes_nothing_from_those_that_were_there()
    {
        using (SimulatedOutputs first = Open(Valve)) first.Write(Valve, OutputValue.Active);

        using SimulatedOutputs second = SimulatedOutputs.Open(FilePath, [new(Pump, OutputValue.Active), new(Valve, OutputValue.Inactive)]);

        Assert.Equal(OutputValue.Active, second.Read(Valve));
        Assert.Equal(OutputValue.Active, second.Read(Pump));
    }

    [Fact]
    public void An_output_the_site_no_longer_names_keeps_its_record()
    {
        using (SimulatedOutputs first = Open(Valve, Pump)) first.Write(Pump, OutputValue.Active);

        using (Open(Valve))
        {
        }

        Assert.Contains(new SimulatedOutputState(Pump.Value, 1, 1), SimulatedOutputs.ReadFile(FilePath));
    }

    [Theory]
    [InlineData("")]
    [InlineData("CMSIMOUT")]
    [InlineData("this is somebody's diary and it is longer than a header, which has 64 bytes")]
    public void A_file_that_is_not_ours_is_named_and_left_as_it_is(string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(FilePath)!);
        File.WriteAllText(FilePath, text);

        var fault = Assert.Throws<EdgeException>(() => Open(Valve));

        Assert.Equal("sim.outputs_foreign", fault.Code);
        Assert.Contains(FilePath, fault.What, StringComparison.Ordinal);
        Assert.Equal(text, File.ReadAllText(FilePath));
    }

    [Theory]
    [InlineData(8, 2)]
    [InlineData(12, 5)]
    [InlineData(16, 32)]
    public void A_header_that_does_not_fit_the_file_is_refused(int offset, byte value)
    {
        using (Open(Valve))
        {
        }

        byte[] bytes = File.ReadAllBytes(FilePath);
        bytes[offset] = value;
        File.WriteAllBytes(FilePath, bytes);

        var fault = Assert.Throws<EdgeException>(() => Open(Valve));

        Assert.Equal("sim.outputs_foreign", fault.Code);
        Assert.Equal(bytes, File.ReadAllBytes(FilePath));
    }

    [Fact]
    public void Bytes_that_are_no_ratio_read_as_unknown()
    {
        using SimulatedOutputs outputs = Open(Valve);
        byte[] nan = BitConverter.GetBytes(double.NaN);
        using (var file = new FileStream(FilePath, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.Position = OutputsLayout.RatioOffset(0);
            file.Write(nan);
        }

        Assert.Null(outputs.Read(Valve));
    }

    private SimulatedOutputs Open(params ActuatorId[] outputs) =>
        SimulatedOutputs.Open(FilePath, [.. outputs.Select(o => new SimulatedOutputStart(o, OutputValue.Inactive))]);
}
