using Billing.Contracts.Ratings;
using Billing.Contracts.Values;

namespace Billing.Contracts.Plain;

/// <summary>The plain form of <see cref="RatingTraceV1"/>, within that of a rating.</summary>
internal static class TraceJson
{
    public static bool Read(ref PlainReader reader, out RatingTraceV1 trace)
    {
        trace = null!;
        var steps = new List<TraceStepV1>(2);
        if (!reader.Skip("{\"steps\":["u8)) return false;
        for (var isFirst = true; !reader.Skip("]"u8); isFirst = false)
        {
            if (!isFirst && !reader.Skip(","u8)) return false;
            if (!Step(ref reader, out var step)) return false;
            steps.Add(step);
        }

        if (!Optional<PriceRuleId>(ref reader, ",\"rule\":\""u8, out var rule)) return false;
        int? version = null;
        if (reader.Skip(",\"ruleVersion\":"u8))
        {
            if (!reader.Number(out int number)) return false;
            version = number;
        }

        if (!Level(ref reader, out var level)) return false;
        if (!Optional<Amount>(ref reader, ",\"before\":\""u8, out var before)) return false;
        if (!Optional<Amount>(ref reader, ",\"after\":\""u8, out var after)) return false;

        trace = new(steps, rule, version, level, before, after);
        return reader.Skip("}"u8);
    }

    /// <summary>False: the general way has to do it.</summary>
    public static bool TryWrite(ref PlainWriter writer, RatingTraceV1 trace)
    {
        writer.Raw("{\"steps\":["u8);
        for (var place = 0; place < trace.Steps.Count; place++)
        {
            if (trace.Steps[place] is not { What: not null } step) return false;
            if (place > 0) writer.Raw(","u8);
            Write(ref writer, step);
        }

        writer.Raw("]"u8);
        Optional(ref writer, ",\"rule\":\""u8, trace.Rule);
        if (trace.RuleVersion is { } version)
        {
            writer.Raw(",\"ruleVersion\":"u8);
            writer.Number(version);
        }

        if (trace.Level is { } level)
        {
            if (NameOf(level) is not { Length: > 0 } name) return false;
            writer.Raw(",\"level\":\""u8);
            writer.Raw(name);
        }

        Optional(ref writer, ",\"before\":\""u8, trace.Before);
        Optional(ref writer, ",\"after\":\""u8, trace.After);
        writer.Raw("}"u8);
        return true;
    }

    private static bool Step(ref PlainReader reader, out TraceStepV1 step)
    {
        step = null!;
        if (!reader.Skip("{\"what\":\""u8) || !reader.Text(out string what)) return false;
        if (!reader.Skip(",\"amount\":\""u8) || !reader.Value<Amount>(out var amount)) return false;
        if (!Optional<Quantity>(ref reader, ",\"units\":\""u8, out var units)) return false;
        if (!Optional<UnitPrice>(ref reader, ",\"price\":\""u8, out var price)) return false;
        if (!reader.Skip(",\"isRounded\":"u8) || !reader.Flag(out var isRounded)) return false;

        step = new(what, amount, units, price, isRounded);
        return reader.Skip("}"u8);
    }

    private static void Write(ref PlainWriter writer, TraceStepV1 step)
    {
        writer.Raw("{\"what\":\""u8);
        writer.Text(step.What);
        writer.Raw(",\"amount\":\""u8);
        writer.Value(step.Amount);
        Optional(ref writer, ",\"units\":\""u8, step.Units);
        Optional(ref writer, ",\"price\":\""u8, step.Price);
        writer.Raw(step.IsRounded ? ",\"isRounded\":true}"u8 : ",\"isRounded\":false}"u8);
    }

    private static bool Optional<T>(ref PlainReader reader, ReadOnlySpan<byte> name, out T? value)
        where T : struct, IText<T>
    {
        value = null;
        if (!reader.Skip(name)) return true;
        if (!reader.Value<T>(out var one)) return false;

        value = one;
        return true;
    }

    private static void Optional<T>(ref PlainWriter writer, ReadOnlySpan<byte> name, T? value)
        where T : struct, IText<T>
    {
        if (value is not { } one) return;

        writer.Raw(name);
        writer.Value(one);
    }

    private static bool Level(ref PlainReader reader, out PriceLevel? level)
    {
        level = null;
        if (!reader.Skip(",\"level\":\""u8)) return true;

        for (var one = PriceLevel.PlanCountryMeter; one <= PriceLevel.Meter; one++)
            if (reader.Skip(NameOf(one)))
            {
                level = one;
                return true;
            }

        return false;
    }

    // With the closing quote, so that no name is the beginning of another.
    private static ReadOnlySpan<byte> NameOf(PriceLevel level) => level switch
    {
        PriceLevel.PlanCountryMeter => "plan-country-meter\""u8,
        PriceLevel.PlanMeter => "plan-meter\""u8,
        PriceLevel.CountryMeter => "country-meter\""u8,
        PriceLevel.Meter => "meter\""u8,
        _ => [],
    };
}
