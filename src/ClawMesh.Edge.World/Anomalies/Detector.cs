using System.Globalization;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.World.Anomalies;

/// <summary>Looks at the twin for one thing that may be wrong with one part of the site. No clock but the one it is given, no output.</summary>
internal abstract class Detector(string kind, string subject, FailureClass failureClass, string check, AnomalyOptions options, TimeProvider time)
{
    public string Kind => kind;

    public string Subject => subject;

    public FailureClass FailureClass => failureClass;

    public string Check => check;

    public virtual bool UsesForecast => false;

    public Incident Incident { get; } = new(options, time);

    protected AnomalyOptions Options => options;

    protected TimeProvider Time => time;

    public abstract Finding Look(TwinSnapshot twin);

    /// <summary>Null when the output's state is not known now.</summary>
    protected static bool? IsOn(TwinSnapshot twin, string actuator) =>
        twin.Find(actuator, TwinWriter.State) is { Value: { } state, Freshness: not Freshness.Expired } ? state > 0 : null;

    /// <summary>The statement came so long after that what it measures has settled.</summary>
    protected bool IsAfter(TwinProperty property, long since) =>
        since != 0 && time.GetElapsedTime(since, property.ArrivedTimestamp) >= options.Settle;

    protected static string Text(Measured what, double value) => string.Create(CultureInfo.InvariantCulture, $"{what.Property} {value:0.##} {what.Unit}");
}
