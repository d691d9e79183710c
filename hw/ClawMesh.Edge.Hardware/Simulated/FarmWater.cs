namespace ClawMesh.Edge.Hardware.Simulated;

/// <summary>
/// Tank, pump and pipes. The tank stands one metre above the beds, so an open valve runs by gravity; the pump adds pressure.
/// A well behind a float valve refills the tank slowly. One simulated second per step.
/// </summary>
internal sealed class FarmWater
{
    private const double TankLitres = 2_000;
    private const double StandMetres = 1;
    private const double TankHeightMetres = 1;
    private const double PumpHeadMetres = 8;

    // One open valve passes about 12 l/min by gravity from a tank at 80 %, and about 28 l/min with the pump.
    private const double ValveLitresPerMinutePerRootMetre = 9;
    private const double MainlineLoss = 0.15;

    private const double FloatOpensPercent = 40;
    private const double FloatClosesPercent = 90;
    private const double WellLitresPerMinute = 1.5;

    private const double DryBelowPercent = 0.5;
    private const double PumpIdleAmperes = 2.4;
    private const double PumpAmperesPerLitrePerMinute = 0.06;
    private const double PumpDryAmperes = 1.6;

    // Valves, water and motor follow within about a second: 1 - exp(-1 s / 1 s).
    private const double Response = 0.632;

    private readonly double[] _valveFlows = new double[FarmChannels.Valves];
    private double _litres = 0.8 * TankLitres;
    private bool _floatOpen;

    public double LevelPercent => _litres / TankLitres * 100;

    /// <summary>Flow into one bed, l/min.</summary>
    public double ValveFlow(int zone) => _valveFlows[zone];

    /// <summary>Flow through the mainline meter, l/min.</summary>
    public double TotalFlow { get; private set; }

    public double PumpAmperes { get; private set; }

    public void Step(in FarmInputs inputs)
    {
        Refill();
        Drive(inputs);
        Draw();
        PumpAmperes = Settle(PumpAmperes, PumpTarget(inputs), restBelow: 0.01);
    }

    private void Refill()
    {
        if (LevelPercent < FloatOpensPercent) _floatOpen = true;
        if (LevelPercent >= FloatClosesPercent) _floatOpen = false;
        if (_floatOpen) _litres = Math.Min(TankLitres, _litres + (WellLitresPerMinute / 60));
    }

    private void Drive(in FarmInputs inputs)
    {
        double open = 0;
        for (int zone = 0; zone < FarmChannels.Valves; zone++) open += inputs.Valve(zone);

        double head = StandMetres + (TankHeightMetres * LevelPercent / 100) + (inputs.PumpDry ? 0 : PumpHeadMetres * inputs.Pump);

        // The outlet begins to suck air in the last two percent.
        double perValve = ValveLitresPerMinutePerRootMetre * Math.Sqrt(head / (1 + (MainlineLoss * open * open))) * Math.Clamp(LevelPercent / 2, 0, 1);
        for (int zone = 0; zone < FarmChannels.Valves; zone++)
            _valveFlows[zone] = Settle(_valveFlows[zone], inputs.Valve(zone) * perValve, restBelow: 0.01);
    }

    // Nobody gets more than the tank holds.
    private void Draw()
    {
        double wanted = 0;
        foreach (double flow in _valveFlows) wanted += flow;
        double given = Math.Min(wanted, _litres * 60);
        if (wanted > given)
        {
            for (int zone = 0; zone < _valveFlows.Length; zone++) _valveFlows[zone] *= given / wanted;
        }

        _litres -= given / 60;
        TotalFlow = given;
    }

    private double PumpTarget(in FarmInputs inputs)
    {
        double drive = inputs.Pump;
        if (drive <= 0) return 0;
        double running = inputs.PumpDry || LevelPercent < DryBelowPercent ? PumpDryAmperes : PumpIdleAmperes + (PumpAmperesPerLitrePerMinute * TotalFlow);
        return drive * running;
    }

    private static double Settle(double from, double to, double restBelow)
    {
        double next = from + ((to - from) * Response);
        return to == 0 && next < restBelow ? 0 : next;
    }
}
