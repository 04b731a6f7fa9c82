using Billing.Contracts.Usage;
using Billing.Contracts.Values;

namespace Billing.Contracts.Plain;

/// <summary>The plain form of <see cref="UsageAcceptedV1"/>.</summary>
internal static class UsageAcceptedJson
{
    public static UsageAcceptedV1? Read(ReadOnlySpan<byte> json)
    {
        var reader = new PlainReader(json);
        return reader.Skip("{\"tenant\":\""u8) && reader.Value<TenantId>(out var tenant)
            && reader.Skip(",\"event\":"u8) && reader.Event(out var usage)
            && reader.Skip(",\"revision\":"u8) && reader.Number(out int revision)
            && reader.Skip(",\"type\":\""u8) && reader.Text(out string type)
            && reader.Skip(",\"usedAt\":\""u8) && reader.Moment(out var usedAt)
            && reader.Skip(",\"receivedAt\":\""u8) && reader.Moment(out var receivedAt)
            && reader.Skip(",\"scope\":"u8) && Scope(ref reader, out var scope)
            && reader.Skip(",\"properties\":"u8) && reader.Properties(out var properties)
            && reader.Skip(",\"measures\":["u8) && Measures(ref reader, out var measures)
            && reader.Skip(",\"catalogNumber\":"u8) && reader.Number(out long number)
            && reader.Skip("}"u8) && reader.IsAtEnd
            ? new(tenant, usage, revision, type, usedAt, receivedAt, scope, properties, measures, number)
            : null;
    }

    public static byte[]? Write(UsageAcceptedV1 usage, Span<byte> place)
    {
        if (usage is not { Event: not null, Type: not null, Properties: not null, Measures: not null })
            return null;

        var writer = new PlainWriter(place);
        writer.Raw("{\"tenant\":\""u8);
        writer.Value(usage.Tenant);
        writer.Raw(",\"event\":"u8);
        writer.Event(usage.Event);
        writer.Raw(",\"revision\":"u8);
        writer.Number(usage.Revision);
        writer.Raw(",\"type\":\""u8);
        writer.Text(usage.Type);
        writer.Raw(",\"usedAt\":\""u8);
        writer.Moment(usage.UsedAt);
        writer.Raw(",\"receivedAt\":\""u8);
        writer.Moment(usage.ReceivedAt);
        switch (usage.Scope)
        {
            case UsageScope.Whole: writer.Raw(",\"scope\":\"whole\""u8); break;
            case UsageScope.OverLimit: writer.Raw(",\"scope\":\"over-limit\""u8); break;
            default: return null;
        }

        writer.Raw(",\"properties\":"u8);
        writer.Properties(usage.Properties);
        writer.Raw(",\"measures\":["u8);
        for (var number = 0; number < usage.Measures.Count; number++)
            if (usage.Measures[number] is { } measure) Write(ref writer, measure, number == 0);
            else return null;

        writer.Raw("],\"catalogNumber\":"u8);
        writer.Number(usage.CatalogNumber);
        writer.Raw("}"u8);
        return writer.Written;
    }

    private static void Write(ref PlainWriter writer, MeasureV1 measure, bool isFirst)
    {
        writer.Raw(isFirst ? "{\"meter\":\""u8 : ",{\"meter\":\""u8);
        writer.Value(measure.Meter);
        writer.Raw(",\"quantity\":\""u8);
        writer.Value(measure.Quantity);
        if (measure.Distinct is { } distinct)
        {
            writer.Raw(",\"distinct\":\""u8);
            writer.Text(distinct);
        }

        writer.Raw("}"u8);
    }

    private static bool Scope(ref PlainReader reader, out UsageScope scope)
    {
        scope = reader.Skip("\"whole\""u8) ? UsageScope.Whole : UsageScope.OverLimit;
        return scope == UsageScope.Whole || reader.Skip("\"over-limit\""u8);
    }

    // Most events feed one meter.
    private static bool Measures(ref PlainReader reader, out IReadOnlyList<MeasureV1> measures)
    {
        measures = [];
        if (!Measure(ref reader, out var first)) return false;
        if (reader.Skip("]"u8))
        {
            measures = [first];
            return true;
        }

        var several = new List<MeasureV1> { first };
        while (reader.Skip(","u8))
        {
            if (!Measure(ref reader, out var next)) return false;
            several.Add(next);
        }

        measures = several;
        return reader.Skip("]"u8);
    }

    private static bool Measure(ref PlainReader reader, out MeasureV1 measure)
    {
        measure = null!;
        if (!reader.Skip("{\"meter\":\""u8) || !reader.Value<MeterId>(out var meter)) return false;
        if (!reader.Skip(",\"quantity\":\""u8) || !reader.Value<Quantity>(out var quantity)) return false;

        string? distinct = null;
        if (reader.Skip(",\"distinct\":\""u8) && !reader.Text(out distinct)) return false;

        measure = new(meter, quantity, distinct);
        return reader.Skip("}"u8);
    }
}
