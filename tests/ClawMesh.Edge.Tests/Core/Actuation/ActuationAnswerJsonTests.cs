using System.Text;
using System.Text.Json;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Tests.Trust;
using FsCheck;
using FsCheck.Fluent;

namespace ClawMesh.Edge.Tests.Core.Actuation;

[Trait("spec", "X-38")]
public class ActuationAnswerJsonTests
{
    private static readonly ActuationAnswer Full = new(
        "cmd-1", "actuator:valve:V1", "open", ActuationOutcome.Done, "OK", "'actuator:valve:V1' is active.", "pm-00112233-0001", 4711, 30_000, true,
        new ObservedEffect(OutputValue.Active, 2.1, "l/min", DateTimeOffset.FromUnixTimeMilliseconds(1_795_222_490_120), new SensorId("sensor:flow:mainline-01")),
        1_795_222_488_000, 1_795_222_490_120);

    private static Gen<string> Texts => Gen.Elements("", "open", "a \"quoted\" \\ word", "Grüße, 水", "line\nbreak\t\u0001", "😀", new string('x', 5000));

    private static Gen<ActuationAnswer> Answers =>
        from id in Texts
        from target in Texts
        from operation in Texts
        from outcome in Gen.Elements(Enum.GetValues<ActuationOutcome>())
        from code in Texts
        from message in Texts
        from permit in Texts.OrNull()
        from sequence in Gen.Choose(0, int.MaxValue)
        from lease in Gen.Choose(0, int.MaxValue).Select(i => i % 3 == 0 ? (long?)null : i)
        from capped in Gen.Elements(true, false)
        from observed in Effects.OrNull()
        from at in Gen.Choose(0, int.MaxValue)
        from repeat in Gen.Elements(true, false)
        select new ActuationAnswer(id, target, operation, outcome, code, message, permit, sequence, lease, capped, observed, at, at + 1_700_000_000_000L, repeat);

    private static Gen<ObservedEffect> Effects =>
        from state in Gen.Choose(0, 1000).Select(i => new OutputValue(i / 1000.0))
        from value in Gen.Choose(-1_000_000, 1_000_000).Select(i => i / 10_000.0)
        from unit in Texts
        from at in Gen.Choose(0, int.MaxValue)
        from sensor in Texts
        select new ObservedEffect(state, value, unit, DateTimeOffset.FromUnixTimeMilliseconds(at), new SensorId(sensor));

    [Fact]
    public void Every_answer_reads_back_as_it_was_written() =>
        ForAll.Cases(Answers, 500, answer => Assert.Equal(answer, ActuationAnswerJson.Parse(ActuationAnswerJson.ToText(answer))));

    [Fact]
    public void The_members_are_those_of_the_wire()
    {
        using JsonDocument json = JsonDocument.Parse(ActuationAnswerJson.ToText(Full));

        Assert.Equal(
            ["commandId", "targetRef", "operation", "outcome", "code", "message", "observed", "permitId", "journalSeq", "leaseMs", "leaseCapped", "startedAtMs", "finishedAtMs"],
            json.RootElement.EnumerateObject().Select(m => m.Name));
        Assert.Equal(
            """{"state":"active","value":2.1,"unit":"l/min","atMs":1795222490120,"by":"sensor:flow:mainline-01"}""",
            json.RootElement.GetProperty("observed").GetRawText());
    }

    [Fact]
    public void What_is_absent_is_left_out_and_not_null()
    {
        string text = ActuationAnswerJson.ToText(new ActuationAnswer("c", "t", "open", ActuationOutcome.Refused, "NOT_READY", "no"));

        Assert.Equal("""{"commandId":"c","targetRef":"t","operation":"open","outcome":"refused","code":"NOT_READY","message":"no","journalSeq":0,"startedAtMs":0,"finishedAtMs":0}""", text);
    }

    [Theory]
    [Trait("spec", "X-39")]
    [InlineData(ActuationOutcome.Done, "done", "done")]
    [InlineData(ActuationOutcome.Refused, "refused", "refused")]
    [InlineData(ActuationOutcome.Fault, "fault", "fault")]
    [InlineData(ActuationOutcome.EffectUnconfirmed, "effect_unconfirmed", "unconfirmed")]
    [InlineData(ActuationOutcome.OutcomeUnknown, "outcome_unknown", "unconfirmed")]
    [InlineData(ActuationOutcome.Pending, "pending", "pending")]
    public void An_outcome_has_one_word_in_the_journal_and_one_on_the_wire(ActuationOutcome outcome, string journal, string wire)
    {
        Assert.Equal((journal, wire), (outcome.Word(), outcome.WireWord()));
        Assert.Equal(outcome, ActuationOutcomeWords.Parse(journal));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"outcome":"unconfirmed"}""")]
    [InlineData("""{"outcome":"DONE"}""")]
    [InlineData("""{"outcome":7}""")]
    public void Something_else_is_no_answer(string text) => Assert.Null(ActuationAnswerJson.Parse(text));

    [Theory]
    [InlineData("""{"outcome":"done","observed":7}""")]
    [InlineData("""{"outcome":"done","observed":{"state":"active"}}""")]
    [InlineData("""{"outcome":"done","observed":{"state":"active","value":"2"}}""")]
    [InlineData("""{"outcome":"done","observed":{"state":"active","value":1,"atMs":9e18}}""")]
    [InlineData("""{"outcome":"done","leaseMs":1e300,"journalSeq":"7","repeat":1}""")]
    [InlineData("""{"outcome":"done","leaseMs":"soon"}""")]
    public void A_damaged_member_is_left_out_and_the_answer_stands(string text)
    {
        ActuationAnswer? answer = ActuationAnswerJson.Parse(text);

        Assert.Equal(ActuationOutcome.Done, answer?.Outcome);
        Assert.Null(answer?.Observed);
        Assert.Null(answer?.LeaseMs);
        Assert.False(answer?.Repeat);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_measurement_that_is_no_number_is_left_out(double value)
    {
        // Used to throw while the outcome was being journaled.
        string text = ActuationAnswerJson.ToText(Full with { Observed = Full.Observed! with { Value = value } });

        Assert.Equal(Full with { Observed = null }, ActuationAnswerJson.Parse(text));
    }

    [Fact]
    public void The_text_is_UTF_8_safe_for_any_string_a_driver_reports()
    {
        string text = ActuationAnswerJson.ToText(Full with { Message = "half a pair: \ud83d" });

        Assert.Equal(text, Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)));
        Assert.NotNull(ActuationAnswerJson.Parse(text));
    }
}
