using ClawMesh.Edge.Agent.Diag;

namespace ClawMesh.Edge.Tests.Agent.Diag.InjectedFaults;

public sealed class HealthyFarmTests : IDisposable
{
    private readonly HealthyFarm _farm = new();

    public void Dispose() => _farm.Dispose();

    [Fact]
    public async Task On_a_healthy_farm_diag_is_all_green_and_reads_every_sensor()
    {
        await _farm.RememberAsync();

        IReadOnlyList<CheckResult> results = await _farm.DiagAsync();

        await _farm.AssertGreenAsync();
        foreach (string sensor in (string[])[HealthyFarm.Air, HealthyFarm.Leaf, HealthyFarm.Soil, HealthyFarm.Light, HealthyFarm.Tank, HealthyFarm.Warmth, HealthyFarm.Battery, HealthyFarm.Door])
            Assert.Equal(CheckStatus.Pass, HealthyFarm.Find(results, sensor).Status);
        Assert.Equal("62.5 %", HealthyFarm.Find(results, HealthyFarm.Tank).Summary);
        Assert.Equal(CheckStatus.Pass, HealthyFarm.Find(results, HealthyFarm.Pinmux).Status);
        Assert.Equal(CheckStatus.Pass, HealthyFarm.Find(results, "storage.journal").Status);
        Assert.Equal(CheckStatus.Pass, HealthyFarm.Find(results, "trust.identity").Status);
    }
}
