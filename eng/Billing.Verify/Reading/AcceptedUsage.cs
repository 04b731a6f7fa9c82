using System.Globalization;
using System.Text.Json;
using Billing.Verify.Recounting;

namespace Billing.Verify.Reading;

/// <summary>What Ingestion accepted and told Pricing, with what was taken back of it.</summary>
internal sealed class AcceptedUsage
{
    private readonly HashSet<string> canceled = new(StringComparer.Ordinal);

    /// <summary>One measure of one revision of an event.</summary>
    /// <param name="Event">As the producer calls it.</param>
    public sealed record Measure(StoredFact Fact, string Tenant, string Event, string Meter, Use Use);

    public List<Measure> Measures { get; } = [];

    /// <summary>Events and revisions that were told.</summary>
    public int Facts { get; private set; }

    public int Canceled => canceled.Count;

    public static AcceptedUsage Of(IEnumerable<StoredFact> facts)
    {
        var usage = new AcceptedUsage();
        foreach (var fact in facts)
            switch (fact.WireName)
            {
                case "billing.ingestion.usage-accepted.v1": usage.Accept(fact); break;
                case "billing.ingestion.usage-canceled.v1": usage.canceled.Add(Revision(fact.Body)); break;
                default: throw new NotSupportedException($"Usage has a fact {fact}, which nothing here knows.");
            }

        return usage;
    }

    public bool IsCanceled(Measure measure) => canceled.Contains(Revision(measure.Fact.Body));

    /// <summary>The name by which ratings speak of the same use.</summary>
    public static string Key(JsonElement fact, string meter) => $"{Revision(fact)}\u001f{meter}";

    private void Accept(StoredFact fact)
    {
        Facts++;
        var body = fact.Body;
        var name = body.GetProperty("event");
        var properties = body.Texts("properties");
        foreach (var measure in body.GetProperty("measures").EnumerateArray())
            Measures.Add(new(
                fact, body.Text("tenant"), $"{name.Text("source")} {name.Text("id")}", measure.Text("meter"),
                new(
                    name.Text("source"), name.Text("id"), body.GetProperty("revision").GetInt64(),
                    body.Moment("usedAt"), body.Text("scope") == "over-limit", measure.Quantity("quantity"),
                    measure.Find("distinct"), properties)));
    }

    private static string Revision(JsonElement body)
    {
        var name = body.GetProperty("event");
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{name.Text("source")}\u001f{name.Text("id")}\u001f{body.GetProperty("revision").GetInt64()}");
    }
}
