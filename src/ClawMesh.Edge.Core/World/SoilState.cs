namespace ClawMesh.Edge.Core.World;

/// <summary>Which number stands where in the tensors of the soil water model. Each pair of a value and its presence is (normalised, 1) or (0, 0).</summary>
public static class SoilState
{
    public const int Size = 16;

    public const int Moisture = 0;
    public const int MoistureChange1Hour = 1;
    public const int MoistureChange6Hours = 2;
    public const int MoistureChange24Hours = 3;
    public const int SoilTemperature = 4;
    public const int AirTemperature = 6;
    public const int Humidity = 8;
    public const int Pressure = 10;
    public const int Watered1Hour = 12;
    public const int Watered6Hours = 13;
    public const int AirTemperatureMean24Hours = 14;
}

/// <summary>The row of one step: 0 to 3 the part of each quarter-hour that is watered, then what is known beforehand.</summary>
public static class SoilAction
{
    public const int Size = 8;

    public const int FirstQuarter = 0;

    /// <summary>Flow of the open valve over the flow the model calls one (<see cref="NominalLitresPerMinute"/>).</summary>
    public const int RelativeFlow = 4;

    public const int SineOfDay = 5;
    public const int CosineOfDay = 6;

    /// <summary>1 when watering is known, 0 when nobody recorded it.</summary>
    public const int WateringKnown = 7;

    public const float NominalLitresPerMinute = 20;
}
