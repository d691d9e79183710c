using System.Globalization;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Jetson;

namespace ClawMesh.Edge.Agent.Diag;

/// <summary>What the board takes, and whether a rail carries more than it may or is starved.</summary>
internal static class RailCheck
{
    /// <summary>5 V less 5 %, what Jetson modules with a 5 V input ask for (Jetson Nano data sheet, VDD_IN).</summary>
    private const double LowestFiveVolts = 4.75;

    private const string LessLoad = "Take load away: unplug USB devices, choose a lower power mode (`sudo nvpmodel -m`).";
    private const string Starved = "Measure at the input of the board; use a supply with more current and a short, thick cable.";

    public static CheckOutcome Run(string root)
    {
        IReadOnlyList<PowerRail> rails = PowerRail.Find(root);
        if (rails.Count == 0) return CheckOutcome.Skip("the kernel shows no INA3221 power monitor");

        Rail[] seen = [.. rails.Select(r => new Rail(r))];
        Rail[] critical = [.. seen.Where(r => r.Critical)];
        Rail[] high = [.. seen.Where(r => r.Warning && !r.Critical)];
        Rail[] silent = [.. seen.Where(r => r.Volts is null || r.Amperes is null)];
        Rail[] low = [.. seen.Where(r => r.IsStarved)];
        Rail? input = Array.Find(seen, r => r.Source.IsTotal);
        double watts = input is null ? seen.Sum(r => r.Watts ?? 0) : input.Watts ?? 0;
        string total = string.Create(CultureInfo.InvariantCulture, $"{watts:0.0} W {(input is null ? "sum of monitored rails" : $"into the board at {input.Volts:0.00} V")}");

        CheckOutcome outcome =
            critical.Length > 0 ? CheckOutcome.Fail(FailureClass.Power, $"{critical[0].Text} is over its critical limit; the board protects itself by slowing down or switching off", $"{LessLoad} {Starved}")
            : silent.Length > 0 ? CheckOutcome.Warn(FailureClass.BusIo, $"the power monitor does not answer for {silent[0].Source.Name}", "`dmesg | grep -i ina3221` names the fault. A device with address 0x40 on the same I2C bus (a PCA9685 board, for one) disturbs it: strap that to another address.")
            : low.Length > 0 ? CheckOutcome.Warn(FailureClass.Power, string.Create(CultureInfo.InvariantCulture, $"{low[0].Text} is below {LowestFiveVolts} V"), Starved)
            : high.Length > 0 ? CheckOutcome.Warn(FailureClass.Power, $"{high[0].Text} is over its warning limit", LessLoad)
            : CheckOutcome.Pass(total);
        return outcome
            .Because(critical.Concat(low).Concat(high).Select(r => r.Limits))
            .Because(seen.Select(r => r.Text))
            .Because(input is null ? "this board measures no input; it takes more than that sum" : "")
            .With("watts", Math.Round(watts, 3)).With("covers", input is null ? "sum of monitored rails" : input.Source.Name).With("rails", seen.Length);
    }

    /// <summary>One look at a rail: each figure is a transfer on the module's I2C bus, so it is made once.</summary>
    private sealed class Rail
    {
        public Rail(PowerRail rail)
        {
            Source = rail;
            Volts = rail.Volts;
            Amperes = rail.Amperes;
            Warning = rail.IsOverWarning;
            Critical = rail.IsOverCritical;
        }

        public PowerRail Source { get; }

        public double? Volts { get; }

        public double? Amperes { get; }

        public bool Warning { get; }

        public bool Critical { get; }

        public double? Watts => Volts * Amperes;

        /// <summary>A board fed with 12 or 19 V never comes this low; of those we know no limit.</summary>
        public bool IsStarved => (Source.IsTotal || Source.Name.Contains("5V", StringComparison.Ordinal)) && Volts is > 1 and < LowestFiveVolts;

        public string Text => string.Create(CultureInfo.InvariantCulture, $"{Source.Name} {Volts:0.00} V, {Amperes:0.00} A, {Watts:0.00} W");

        public string Limits => Source.CriticalAmperes is { } limit ? string.Create(CultureInfo.InvariantCulture, $"{Source.Name} warns at {Source.WarnAmperes:0.##} A, critical at {limit:0.##} A") : "";
    }
}
