namespace ClawMesh.Edge.Train.Training;

/// <summary>Every number that was chosen. What won on validation data is the default.</summary>
internal sealed record TrainingPlan
{
    public ulong Seed { get; init; } = 1;

    public int BatchSize { get; init; } = 256;

    public int OneStepBatches { get; init; } = 16_000;

    public int ShortBatches { get; init; } = 1_000;

    public int LongBatches { get; init; } = 1_600;

    public float Rate { get; init; } = 4e-3f;

    public float LongRate { get; init; } = 1e-3f;

    public float Decay { get; init; } = 0.1f;

    /// <summary>Part of a batch that comes from the field.</summary>
    public double FieldShare { get; init; } = 0.3;

    public float FieldWeight { get; init; } = 1;

    public float FarmWeight { get; init; } = 1;

    /// <summary>Part of the farm's examples whose first hour is watered for certain.</summary>
    public double WateredShare { get; init; } = 0.4;

    /// <summary>What a member of the state other than moisture counts, against moisture.</summary>
    public float OtherWeight { get; init; } = 0.01f;

    public float FieldHuber { get; init; } = 0.02f;

    public float FarmHuber { get; init; } = 0.01f;

    /// <summary>How often an input other than pressure is hidden in an example of the field, against the farm.</summary>
    public double FieldHide { get; init; } = 2;

    /// <summary>Noise that is added to the moisture of a field example, percent.</summary>
    public double FieldNoise { get; init; }

    public bool MaskAfterJump { get; init; }

    /// <summary>°C.</summary>
    public double TemperatureShift { get; init; } = 15;

    /// <summary>hPa.</summary>
    public double PressureShift { get; init; } = 15;

    public double HidePressure { get; init; } = 0.6;

    public float StepPower { get; init; } = 0.7f;

    /// <summary>Of the running average over the batches of the last phase.</summary>
    public float Average { get; init; } = 0.995f;

    public int LookEvery { get; init; } = 100;

    /// <summary>Errors grow with the horizon; near steps count more so that they are not drowned.</summary>
    public float StepWeight(int step) => MathF.Pow(step + 1, -StepPower) * 100;

    /// <summary>For trying: name=value, by the names of this record.</summary>
    public TrainingPlan With(string name, string value)
    {
        System.Reflection.PropertyInfo property = typeof(TrainingPlan).GetProperty(name) ?? throw new ArgumentException($"there is no setting '{name}'");
        TrainingPlan copy = this with { };
        property.SetValue(copy, Convert.ChangeType(value, property.PropertyType, System.Globalization.CultureInfo.InvariantCulture));
        return copy;
    }
}
