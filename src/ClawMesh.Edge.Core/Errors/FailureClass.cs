namespace ClawMesh.Edge.Core.Errors;

/// <summary>The closed set of ways a part of the node fails; each has one recovery recipe (DESIGN section 9).</summary>
public enum FailureClass
{
    Config,
    TrustGate,
    DeviceAbsent,
    BusIo,
    ProtocolHandshake,
    StaleData,
    OutOfRange,
    Interlock,
    ActuationUnconfirmed,
    Power,
    Thermal,
    Storage,
    Clock,
    Gpu,
    Model,
    MeshPartition,
    Auth,
    Budget,
    PolicyDenied,
    Infra,
}

/// <summary>The words of <see cref="FailureClass"/> as events and <c>diag</c> print them.</summary>
public static class FailureClassWords
{
    /// <summary>Null for a word that is none of the set.</summary>
    public static FailureClass? Parse(string word)
    {
        for (FailureClass candidate = FailureClass.Config; candidate <= FailureClass.Infra; candidate++)
        {
            if (candidate.Word() == word) return candidate;
        }

        return null;
    }

    public static string Word(this FailureClass failureClass) => failureClass switch
    {
        FailureClass.Config => "config",
        FailureClass.TrustGate => "trust_gate",
        FailureClass.DeviceAbsent => "device_absent",
        FailureClass.BusIo => "bus_io",
        FailureClass.ProtocolHandshake => "protocol_handshake",
        FailureClass.StaleData => "stale_data",
        FailureClass.OutOfRange => "out_of_range",
        FailureClass.Interlock => "interlock",
        FailureClass.ActuationUnconfirmed => "actuation_unconfirmed",
        FailureClass.Power => "power",
        FailureClass.Thermal => "thermal",
        FailureClass.Storage => "storage",
        FailureClass.Clock => "clock",
        FailureClass.Gpu => "gpu",
        FailureClass.Model => "model",
        FailureClass.MeshPartition => "mesh_partition",
        FailureClass.Auth => "auth",
        FailureClass.Budget => "budget",
        FailureClass.PolicyDenied => "policy_denied",
        FailureClass.Infra => "infra",
        _ => throw new ArgumentOutOfRangeException(nameof(failureClass), failureClass, "not a failure class"),
    };
}
