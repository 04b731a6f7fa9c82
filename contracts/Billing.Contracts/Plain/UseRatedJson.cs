using Billing.Contracts.Ratings;
using Billing.Contracts.Values;

namespace Billing.Contracts.Plain;

/// <summary>The plain form of <see cref="UseRatedV1"/>.</summary>
internal static class UseRatedJson
{
    public static UseRatedV1? Read(ReadOnlySpan<byte> json)
    {
        var reader = new PlainReader(json);
        if (!(reader.Skip("{\"tenant\":\""u8) && reader.Value<TenantId>(out var tenant)
            && reader.Skip(",\"event\":"u8) && reader.Event(out var usage)
            && reader.Skip(",\"revision\":"u8) && reader.Number(out int revision)
            && reader.Skip(",\"meter\":\""u8) && reader.Value<MeterId>(out var meter)
            && reader.Skip(",\"period\":"u8) && reader.Period(out var period)
            && reader.Skip(",\"usedAt\":\""u8) && reader.Moment(out var usedAt)
            && reader.Skip(",\"quantity\":\""u8) && reader.Value<Quantity>(out var quantity)
            && reader.Skip(",\"amount\":\""u8) && reader.Value<Amount>(out var amount)
            && reader.Skip(",\"trace\":"u8) && TraceJson.Read(ref reader, out var trace)))
            return null;

        SubscriptionId? subscription = null;
        if (reader.Skip(",\"subscription\":\""u8))
        {
            if (!reader.Value<SubscriptionId>(out var one)) return null;
            subscription = one;
        }

        return reader.Skip("}"u8) && reader.IsAtEnd
            ? new(tenant, usage, revision, meter, period, usedAt, quantity, amount, trace, subscription)
            : null;
    }

    public static byte[]? Write(UseRatedV1 rating, Span<byte> place)
    {
        if (rating is not { Event: not null, Period: not null, Trace: { Steps: not null } trace })
            return null;

        var writer = new PlainWriter(place);
        writer.Raw("{\"tenant\":\""u8);
        writer.Value(rating.Tenant);
        writer.Raw(",\"event\":"u8);
        writer.Event(rating.Event);
        writer.Raw(",\"revision\":"u8);
        writer.Number(rating.Revision);
        writer.Raw(",\"meter\":\""u8);
        writer.Value(rating.Meter);
        writer.Raw(",\"period\":"u8);
        writer.Period(rating.Period);
        writer.Raw(",\"usedAt\":\""u8);
        writer.Moment(rating.UsedAt);
        writer.Raw(",\"quantity\":\""u8);
        writer.Value(rating.Quantity);
        writer.Raw(",\"amount\":\""u8);
        writer.Value(rating.Amount);
        writer.Raw(",\"trace\":"u8);
        if (!TraceJson.TryWrite(ref writer, trace)) return null;
        if (rating.Subscription is { } subscription)
        {
            writer.Raw(",\"subscription\":\""u8);
            writer.Value(subscription);
        }

        writer.Raw("}"u8);
        return writer.Written;
    }
}
