namespace ClawMesh.Edge.Hardware.Host;

/// <summary>What to do about a sensor whose subject can be switched off.</summary>
internal enum WhenOff
{
    /// <summary>It cannot: no number is a fault.</summary>
    Fault,

    /// <summary>Not listed when it is off at discovery; off later, it has no value.</summary>
    LeaveOut,

    /// <summary>Listed in any case: it will be switched on.</summary>
    Keep,
}
